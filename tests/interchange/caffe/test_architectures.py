"""Well-known nets: as many params as their authors count, and every layer a place."""

from math import prod

import numpy as np
import pytest
from support import caffe_architectures as nets
from support.caffe_nets import translated

from graphnet.net.load_net import load_net
from graphnet.params.param import ParamDecl

COUNTS = {
    nets.caffenet: 60_965_224,
    nets.vgg16: 138_357_544,
    nets.googlenet: 6_998_552,
    nets.resnet50: 25_557_032,
    nets.squeezenet: 1_235_496,
    nets.mobilenet: 4_231_976,
    nets.cifar_quick: 145_578,
    nets.cifar_full: 89_578,
}


@pytest.mark.parametrize("write", COUNTS, ids=lambda write: write.__name__)
def test_number_of_params(write):
    """Those that learn."""
    found = translated(write(), stored={})
    assert not found.problems, [str(p) for p in found.problems]
    decls = {key: decl for entry in found.layers for key, decl in entry.params.items()}
    n = sum(prod(decl.shape) for decl in decls.values() if isinstance(decl, ParamDecl))
    assert n == COUNTS[write]


def test_siamese():
    """Both columns learn one set of params."""
    found = translated(nets.siamese(), stored={})
    assert not found.problems, [str(p) for p in found.problems]
    layers = [layer for entry in found.layers for layer in entry.made.layers]
    net = load_net({"name": "n", "layers": layers}, "train")
    assert sum(param.data.size for _, _, param in net.store.items()) == 431_102
    net.blobs["data"].data = np.random.default_rng(0).normal(size=net.blobs["data"].shape)
    net.forward()
    net.backward()
    assert np.isfinite(list(net.losses().values())).all()


@pytest.mark.parametrize("write", [nets.squeezenet, nets.cifar_full, nets.fcn],
                         ids=lambda write: write.__name__)  # fmt: skip
def test_they_run(write):
    """Forward, and every output finite."""
    found = translated(write(), stored={})
    assert not found.problems
    layers = [layer for entry in found.layers for layer in entry.made.layers]
    net = load_net({"name": "n", "layers": layers}, "test")
    net.blobs["data"].data = np.random.default_rng(0).normal(size=net.blobs["data"].shape)
    net.forward()
    (top,) = layers[-1]["tops"][-1:] or layers[-2]["tops"][-1:]
    assert np.isfinite(net.blobs[top].data).all()
