"""Whatever a layer adds up of a million numbers is right to a part in a million, in float32.

Equal numbers are the hardest: every addition is then rounded the same way.
"""

from __future__ import annotations

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.layer_device import DeviceRig
from support.layer_rig import LayerCase, Rig, numpy_backend

import graphnet as gn
from graphnet.layers.base import Kind
from graphnet.params.constraints import L2Cons

MANY = 2**19
IMAGES = (2, 1, 512, 1024)
FEW = (2, 3, 256, 1024)


class EqualRig(Rig):
    """What comes back to the layer is equal everywhere."""

    def projections(self):
        """The same number everywhere."""
        return [np.full(shape, 0.1, np.float32) for shape in self.top_shapes]


class EqualDeviceRig(EqualRig, DeviceRig):
    """On the stand-in for a GPU."""


def layer(kind, n_bottoms=1, **properties):
    spec = getattr(gn.layers, kind)
    tops = () if spec.kind in (Kind.LOSS, Kind.STATISTIC) else ("y",)
    return spec(name="it", bottoms=tuple("abc"[:n_bottoms]), tops=tops, **properties)


def equal(*shape, value=0.1):
    return np.full(shape, value, np.float32)


def halves(*shape):
    """Two values, half and half, so that there is a deviation, the same for all."""
    return np.where(sum(np.indices(shape, sparse=True)) % 2, np.float32(0.3), np.float32(0.1))


def label(*shape):
    return np.zeros(shape)


CASES = {
    "reduction": (layer("Reduction"), [equal(*IMAGES)]),
    "mean": (layer("Reduction", operation="Mean"), [equal(*IMAGES)]),
    "absolutes": (layer("Reduction", operation="AbsSum"), [equal(*IMAGES, value=-0.1)]),
    "squares": (layer("Reduction", operation="SquareSum"), [equal(*IMAGES)]),
    "of channels": (layer("Reduction", axis=2), [equal(*FEW)]),
    "mvn": (layer("MVN"), [halves(*FEW)]),
    "mvn of samples": (layer("MVN", across_channels=True), [halves(*FEW)]),
    "batch norm": (layer("BatchNorm"), [halves(*FEW)]),
    "prelu": (layer("PReLU"), [equal(*FEW, value=-0.1)]),
    "scale": (layer("Scale", bias=True), [equal(*FEW)]),
    "one scale": (layer("Scale", num_axes=0, bias=True), [equal(*FEW)]),
    "scale of columns": (layer("Scale", axis=3, bias=True), [equal(2, 512, 1024, 3)]),
    "scale of samples": (layer("Scale", 2), [equal(*FEW), equal(2)]),
    "bias": (layer("Bias"), [equal(*FEW)]),
    "bias of rows": (layer("Bias", axis=2), [equal(2, 1024, 3, 512)]),
    "given bias": (layer("Bias", 2), [equal(*FEW), equal(2, 3)]),
    "convolution": (layer("Convolution", n_filter=2, kernel=1), [equal(4, 1, 256, 1024)]),
    "minimal filtering": (
        layer("Convolution", n_filter=16, kernel=3, pad=1),
        [equal(64, 16, 32, 32)],
    ),
    "deconvolution": (layer("Deconvolution", n_filter=2, kernel=1), [equal(4, 1, 256, 512)]),
    "inner product": (layer("InnerProduct", output_dim=2), [equal(MANY, 1)]),
    "positions": (layer("InnerProduct", output_dim=2, axis=-1), [equal(64, 4096, 2)]),
    "embedding": (layer("Embed", input_dim=2, output_dim=1), [label(64, 4096)]),
    "mean pooling": (layer("Pooling", pooling="Mean", **{"global": True}), [equal(*IMAGES)]),
    "wide mean": (
        layer("Pooling", pooling="Mean", kernel=(100, 200), stride=(50, 90), pad=(20, 30)),
        [equal(2, 1, 300, 500)],
    ),
    "softmax": (layer("Softmax"), [equal(2, 100_000)]),
    "distance": (layer("RBF", output_dim=2), [equal(2, MANY)]),
    "square loss": (layer("SquareLoss", 2), [equal(2, MANY, value=0.4), equal(2, MANY)]),
    "hinge loss": (layer("HingeLoss", 2), [equal(2, MANY), equal(2, MANY, value=1)]),
    "binary": (layer("BinaryCrossEntropyLoss", 2), [equal(2, MANY), equal(2, MANY, value=0.7)]),
    "sigmoid": (layer("SigmoidCrossEntropyLoss", 2), [equal(2, MANY), equal(2, MANY, value=0.7)]),
    "kl": (layer("GaussianKLLoss", 2), [equal(2, MANY), equal(2, MANY, value=0.7)]),
    "contrastive": (
        layer("ContrastiveLoss", 3),
        [equal(2, MANY, value=0.4), equal(2, MANY), np.array([1, 0])],
    ),
    "softmax loss": (layer("SoftmaxLoss", 2), [halves(2, 3, MANY), label(2, MANY)]),
    "many classes": (layer("SoftmaxLoss", 2), [halves(2, MANY), label(2)]),
    "weighted": (layer("SoftmaxLoss", 2, weights=(1, 2, 5)), [halves(2, 3, MANY), label(2, MANY)]),
    "logistic": (layer("MultinomialLogisticLoss", 2), [equal(2, 3, MANY), label(2, MANY)]),
    "infogain": (
        layer("InfogainLoss", 2, H=((1.0, 0.2), (0.1, 1.0))),
        [halves(2, 2, MANY), label(2, MANY)],
    ),
    "soft labels": (layer("SoftlabelSoftmaxLoss", 2), [halves(2, 3, MANY), equal(2, 3, MANY)]),
    "rbf loss": (layer("RBFLoss", 2), [halves(2, 3, MANY), label(2, MANY)]),
    "wasserstein": (
        layer("WassersteinLoss", 2, M=((0.0, 1.0), (1.0, 0.0)), lambda_=5.0),
        [equal(MANY, 2, value=0.5), np.tile(np.float32([0.1, 0.9]), (MANY, 1))],
    ),
}
#: Gradients that are products of matrices; BLAS adds them up as it does anywhere.
PRODUCTS = ("diff of param filter", "diff of param weight")
#: Of their gradients little is left but the rounding of what is taken from what.
VALUES_ALONE = ("mvn", "mvn of samples", "batch norm", "softmax")


def check(name, rigs):
    single, double = (rig.run() for rig in rigs)
    for what, value in single.items():
        if what in PRODUCTS or (name in VALUES_ALONE and what.startswith("diff")):
            continue
        exact = double[what]
        error = np.abs(value - exact).max() / np.abs(exact).max()
        assert error <= 1e-6, f"{what}: {error:.1e}"


def case(name):
    """Params are equal too."""
    spec, bottoms = CASES[name]
    decls = spec.param_decls([b.shape for b in bottoms])
    params = {k: np.full(decl.shape, 0.3, np.float32) for k, decl in decls.items()}
    return LayerCase(spec, bottoms, None, params=params)


@pytest.mark.parametrize("name", CASES)
def test_sums_of_many(name):
    """Tops, losses and gradients, against those of double precision."""
    check(name, [EqualRig(case(name), dtype=t) for t in (np.float32, np.float64)])


ON_DEVICE = (
    "reduction", "of channels", "batch norm", "one scale", "bias of rows", "convolution",
    "inner product", "mean pooling", "distance", "square loss", "softmax loss",
    "soft labels",
)  # fmt: skip


@pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
@pytest.mark.parametrize("name", ON_DEVICE)
def test_sums_of_many_on_a_device(name):
    """Likewise with the CuPy backend's sums and kernels."""
    check(name, [EqualDeviceRig(case(name), dtype=np.float32), EqualRig(case(name))])


def test_norms():
    """What a gradient is clipped by, and what a constraint keeps units at."""
    backend, x = numpy_backend(), equal(2**24)
    exact = float(x[0]) ** 2 * x.size
    assert backend.square_sum(x) == pytest.approx(exact, rel=1e-12)
    weights = equal(2, 2**23)
    L2Cons(threshold=1).apply(backend, weights, 1)
    norms = np.sqrt(np.square(weights, dtype=np.float64).sum(1))
    np.testing.assert_allclose(norms, 1, rtol=1e-6)
