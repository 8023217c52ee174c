"""Well-known nets, out of Caffe's words: exported with random weights, run, and read back."""

from contextlib import closing

import numpy as np
import pytest
from support import caffe_architectures as nets
from support.onnx_files import needs_onnx, needs_runtime

from graphnet.interchange.caffe.importing import translate
from graphnet.interchange.onnx.deploying import deployed
from graphnet.interchange.onnx.exporting import onnx_graph, values_of
from graphnet.interchange.onnx.importing import load_onnx
from graphnet.interchange.onnx.parity import compare
from graphnet.net.load_net import load_net

SMALL = [nets.cifar_quick, nets.cifar_full, nets.fcn, nets.siamese, nets.squeezenet]
LARGE = [nets.mobilenet, nets.googlenet]


def fill(net):
    """Random params of a size with which numbers neither vanish nor grow."""
    draw = np.random.default_rng(0)
    for _, _, param in net.store.items():
        shape = param.data.shape
        fan_in = np.prod(shape[1:]) if len(shape) > 1 else 1
        param.data[...] = draw.normal(size=shape) * np.sqrt(2 / fan_in)


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(
    "write", [*SMALL, *(pytest.param(w, marks=pytest.mark.slow) for w in LARGE)],
    ids=lambda write: write.__name__,
)  # fmt: skip
def test_there_and_back(write, tmp_path):
    """The same numbers in onnxruntime, and the same bits in every param that comes back."""
    (tmp_path / "net.prototxt").write_text(write())
    net = deployed(translate(tmp_path / "net.prototxt", phases=("test",)).spec(), "test")
    with closing(load_net(net.spec, "test", keep=net.outputs)) as first:
        fill(first)
        graph = onnx_graph(net, "test", values_of(first))
        (tmp_path / "net.onnx").write_bytes(content := graph.model_bytes("1"))
        assert compare(content, net, graph.given, first).relative < 1e-5
        with closing(load_onnx(tmp_path / "net.onnx", keep="needed")) as second:
            for key, name, param in first.store.items():
                assert np.array_equal(second.store.params[key][name].data, param.data), (key, name)
