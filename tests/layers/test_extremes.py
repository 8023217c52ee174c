"""What layers give at the edges of what numbers can be: equal, huge, tiny, infinite, too many."""

from __future__ import annotations

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.layer_device import DeviceRig
from support.layer_rig import LayerCase, Rig
from support.nets import net_spec

import graphnet as gn
from graphnet.backend import open_backend
from graphnet.errors import ShapeError, SpecError
from graphnet.net.load_net import load_net

INF, NAN = np.inf, np.nan
RIGS = [
    pytest.param(Rig, id="numpy"),
    pytest.param(
        DeviceRig, id="cupy", marks=pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
    ),
]
both_backends = pytest.mark.parametrize("rig", RIGS)
both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def layer(kind, n_bottoms=1, **properties):
    """A layer that reads so many bottoms."""
    spec = getattr(gn.layers, kind)
    tops = () if spec.n_tops.most == 0 else ("y",)
    return spec(name="it", bottoms=tuple("abc"[:n_bottoms]), tops=tops, **properties)


def results(rig, spec, *bottoms, dtype=np.float64, params=None):
    """A forward and a backward pass."""
    case = LayerCase(spec, [np.asarray(b, np.float64) for b in bottoms], None, params=params or {})
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return rig(case, dtype=dtype).run()


def loss(rig, spec, *bottoms, dtype=np.float64):
    """A loss's value, and the gradient of its first bottom."""
    made = results(rig, spec, *bottoms, dtype=dtype)
    return float(made["loss"]), made["diff of bottom 0"]


# --- equal elements ---------------------------------------------------------------------


@both_backends
@both_precisions
@pytest.mark.parametrize("value", [0.1, -3.7, 1e9 / 3, 1e-20 / 3, 123456.789, 0.0])
@pytest.mark.parametrize("across", [False, True])
def test_mvn_of_equal_elements(rig, dtype, value, across):
    """Exactly 0, and no gradient: no rounding is taken for a deviation."""
    case = LayerCase(layer("MVN", across_channels=across), [np.full((2, 3, 3, 5), value)], None)
    made = rig(case, dtype=dtype).run()  # and nobody is warned
    assert not made["top 0"].any()
    assert not made["diff of bottom 0"].any()


@both_backends
@both_precisions
@pytest.mark.parametrize("value", [0.1, -3.7, 1e9 / 3, 123456.789])
def test_batch_norm_of_equal_elements(rig, dtype, value):
    """Exactly the bias, in whatever way the mean was rounded."""
    bias = np.array([0.25, -2, 0])
    made = results(rig, layer("BatchNorm"), np.full((3, 3, 3, 5), value), dtype=dtype,
                   params={"bias": bias, "scale": np.ones(3)})  # fmt: skip
    np.testing.assert_array_equal(made["top 0"], np.broadcast_to(bias[:, None, None], (3, 3, 3, 5)))


@both_backends
@pytest.mark.parametrize(("shift", "scale"), [(1e6, 1), (0, 1e20), (0, 1e-20), (3e4, 1e-2)])
def test_mvn_far_from_0_and_of_any_size(rig, shift, scale):
    """In float32 as in float64: neither a large mean nor the size of the squares counts."""
    x = np.random.default_rng(0).standard_normal((2, 2, 7, 9)) * scale + shift
    x = x.astype(np.float32).astype(np.float64)
    spec = layer("MVN", epsilon=1e-30)
    single = results(rig, spec, x, dtype=np.float32)["top 0"]
    centred = x - x.mean((2, 3), keepdims=True)
    exact = centred / np.sqrt((centred**2).mean((2, 3), keepdims=True))
    np.testing.assert_allclose(single, exact, rtol=2e-6, atol=2e-6)


def test_batch_norm_of_one_element():
    """Nothing is left of it in training; the running statistics will do."""
    net = """
    - {name: data, type: MemoryData, batch_size: 1, tops: [x], data: {x: [[1, 2], [3, 4]]}}
    - {name: norm, type: BatchNorm, bottoms: [x], tops: [y]}
    """
    with pytest.raises(ShapeError, match=r"'norm' .*1×2 each channel has a single element"):
        load_net(net_spec(net), backend=open_backend("numpy", 1))
    load_net(net_spec(net), phase="test", backend=open_backend("numpy", 1)).forward()


# --- small distances --------------------------------------------------------------------


@both_backends
@pytest.mark.parametrize("size", [1e2, 1e4])
def test_rbf_near_a_code(rig, size):
    """Small distances of large vectors, and their gradients, in float32 as in float64."""
    rng = np.random.default_rng(0)
    codes = (rng.standard_normal((3, 20)) * size).astype(np.float32).astype(np.float64)
    x = (codes + rng.standard_normal((3, 20)) * size * 1e-4).astype(np.float32).astype(np.float64)
    made = results(rig, layer("RBF", output_dim=3), x, dtype=np.float32, params={"codes": codes})
    exact = ((x[:, None] - codes) ** 2).sum(2)
    np.testing.assert_allclose(made["top 0"], exact, rtol=1e-6)
    one = results(rig, layer("RBF", output_dim=1), x[:1], dtype=np.float32,
                  params={"codes": codes[:1]})  # fmt: skip
    dy = np.random.default_rng(9).standard_normal((1, 1))  # as the rig sends it
    slope = 2 * dy * (x[:1] - codes[:1])
    np.testing.assert_allclose(one["diff of bottom 0"], slope, rtol=1e-6)
    np.testing.assert_allclose(one["diff of param codes"], -slope, rtol=1e-6)


@both_backends
def test_contrastive_loss_of_unlike_sizes(rig):
    """A near pair beside a wide margin keeps its distance, and a far one is no NaN."""
    near = loss(rig, layer("ContrastiveLoss", 3, margin=1e4), [[1.0]], [[1.01]], [1.0],
                dtype=np.float32)  # fmt: skip
    assert near[0] == pytest.approx(0.5 * np.float64(np.float32(1.01) - np.float32(1)) ** 2)
    value, gradient = loss(rig, layer("ContrastiveLoss", 3), [[1e25]], [[0.0]], [0.0],
                           dtype=np.float32)  # fmt: skip
    assert value == 0
    assert not gradient.any()


# --- 0 · ∞ ------------------------------------------------------------------------------


@both_backends
@both_precisions
def test_infogain_loss_of_impossible_classes(rig, dtype):
    """A class whose worth is 0 costs nothing though its probability is 0; another costs ∞."""
    unit = ((1.0, 0.0), (0.0, 1.0))
    for far in (-INF, -1e30):
        value, gradient = loss(rig, layer("InfogainLoss", 2, H=unit), [[2.0, far]], [0.0],
                               dtype=dtype)  # fmt: skip
        assert value == 0
        assert not gradient.any()
    assert loss(rig, layer("InfogainLoss", 2, H=unit), [[2.0, -INF]], [1.0])[0] == INF


@both_backends
@both_precisions
def test_soft_labels_of_impossible_classes(rig, dtype):
    """Likewise."""
    spec = layer("SoftlabelSoftmaxLoss", 2)
    for far in (-INF, -1e30):
        value, gradient = loss(rig, spec, [[2.0, 2.0, far]], [[0.5, 0.5, 0.0]], dtype=dtype)
        assert value == pytest.approx(np.log(2), rel=1e-6)
        np.testing.assert_allclose(gradient, 0, atol=1e-7)
    assert loss(rig, spec, [[2.0, 2.0, -INF]], [[0.5, 0.25, 0.25]])[0] == INF


@both_backends
@both_precisions
@pytest.mark.parametrize(
    ("score", "target", "cost"),
    [
        (INF, 1, 0),
        (-INF, 0, 0),
        (1e30, 1, 0),
        (-1e30, 0, 0),
        (100, 0.999, 0.1),
        (-100, 0.001, 0.1),
        (0, 0.3, np.log(2)),
        (16, 1, np.log1p(np.exp(-16))),
    ],
)
def test_sigmoid_cross_entropy(rig, dtype, score, target, cost):
    """Certain and right costs nothing, and what little it costs is not lost beside the score."""
    target, score = dtype(target), dtype(score)
    if 0 < target < 1 and score:  # the target's rounding is in the cost
        cost = abs(float(score)) * (1 - float(target) if score > 0 else float(target))
    value, gradient = loss(rig, layer("SigmoidCrossEntropyLoss", 2), [[score]], [[target]],
                           dtype=dtype)  # fmt: skip
    assert value == pytest.approx(cost, rel=1e-5, abs=1e-30)
    assert np.isfinite(gradient).all()


@both_backends
@both_precisions
@pytest.mark.parametrize("p", [1e-3, 1e-6, 0.0])
def test_binary_cross_entropy_near_0_and_1(rig, dtype, p):
    """What a nearly certain, right guess costs is not lost beside what a wrong one would."""
    low, high = dtype(p), dtype(1) - dtype(p)
    spec = layer("BinaryCrossEntropyLoss", 2)
    for guess, target in ((low, 0), (high, 1)):
        value, _ = loss(rig, spec, [[guess]], [[target]], dtype=dtype)
        exact = -np.log(float(guess if target else dtype(1) - guess))
        assert value == pytest.approx(exact, rel=1e-6, abs=1e-30)


@both_backends
def test_gaussian_kl_near_the_standard_one(rig):
    """Where σ is near 1 the divergence is near 0, and still right."""
    sigma = float(np.float32(1.001))
    value, _ = loss(rig, layer("GaussianKLLoss", 2), [[0.0]], [[sigma]], dtype=np.float32)
    exact = 0.5 * (sigma**2 - 2 * np.log(sigma) - 1)
    assert value == pytest.approx(exact, rel=1e-3)


LABEL_LOSSES = {
    "SoftmaxLoss": {},
    "MultinomialLogisticLoss": {},
    "RBFLoss": {},
    "InfogainLoss": {"H": ((1.0, 0.1), (0.2, 1.0))},
}


@both_backends
@pytest.mark.parametrize("bad", [INF, -INF, NAN])
@pytest.mark.parametrize("kind", LABEL_LOSSES)
def test_positions_that_cost_nothing(rig, kind, bad):
    """Their scores do not matter, whatever they are: neither loss nor gradient becomes NaN."""
    scores = np.array([[0.3, 0.7], [bad, bad], [0.6, 0.4]])
    for properties, label in (
        ({"ignore_label": 9}, [0.0, 9.0, 0.0]),
        ({"weights": (1.0, 0.0), "normalize": "no"}, [0.0, 1.0, 0.0]),
    ):
        spec = layer(kind, 2, **LABEL_LOSSES[kind], **properties, divisor="none")
        value, gradient = loss(rig, spec, scores, label)
        expected, without = loss(rig, spec, scores[::2], [0.0, 0.0])
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(gradient[::2], without, rtol=1e-12)
        assert not gradient[1].any()


@both_backends
@pytest.mark.parametrize("kind", LABEL_LOSSES)
def test_nothing_counts(kind, rig):
    """All ignored: no loss, no gradient, and nothing divided by 0."""
    spec = layer(kind, 2, **LABEL_LOSSES[kind], ignore_label=9)
    value, gradient = loss(rig, spec, [[0.3, 0.7]] * 2, [9.0, 9.0])
    assert value == 0
    assert not gradient.any()


def test_weights_that_are_not_finite():
    """Neither those of classes nor those of confusions."""
    with pytest.raises(SpecError, match="one finite number of at least 0"):
        layer("SoftmaxLoss", 2, weights=(1.0, INF))


# --- LRN --------------------------------------------------------------------------------


@both_backends
@pytest.mark.parametrize("power", [0.75, 0.5, 0.8])
@pytest.mark.parametrize("size", [1e-15, 1e-3, 1.0, 1e5, 1e13, 1e18])
def test_lrn_of_any_size(rig, size, power):
    """What is divided by is finite, so what comes out is not 0."""
    x = (np.random.default_rng(0).uniform(0.5, 1, (2, 7)) * size).astype(np.float32)
    made = results(rig, layer("LRN", power=power), x, dtype=np.float32)
    exact = results(rig, layer("LRN", power=power), x)
    np.testing.assert_allclose(made["top 0"], exact["top 0"], rtol=1e-5)
    if size <= 1e13:  # beyond, parts of the gradient are less than the smallest numbers
        made, exact = made["diff of bottom 0"], exact["diff of bottom 0"]
        np.testing.assert_allclose(made, exact, atol=1e-5 * np.abs(exact).max())


# --- too many to be counted -------------------------------------------------------------

MANY = 2**24
COUNTED = {
    "Embed": "- {{name: it, type: Embed, input_dim: {n}, output_dim: 1, bottoms: [y], tops: [z]}}",
    "Index2Onehot": "- {{name: it, type: Index2Onehot, n_class: {n}, bottoms: [y], tops: [z]}}",
    "Argmax": "- {{name: it, type: Argmax, bottoms: [x], tops: [z]}}",
    "Accuracy": "- {{name: it, type: Accuracy, bottoms: [x, y]}}",
    "SoftmaxLoss": "- {{name: it, type: SoftmaxLoss, bottoms: [x, y]}}",
}


@pytest.mark.parametrize("kind", COUNTED)
def test_more_indices_than_float32_tells_apart(kind):
    """One more is refused before anything is read or allocated; float64 tells them apart."""
    from graphnet.net.compiled import compile_net

    for n, dtype, refused in ((MANY, "f4", False), (MANY + 1, "f4", True), (MANY + 1, "f8", False)):
        data = (
            f"- {{name: data, type: MemoryData, batch_size: 1, shapes: {{x: [{n}], y: []}}, "
            "tops: [x, y]}\n"
        )
        spec = net_spec(data + COUNTED[kind].format(n=n))
        arguments = (spec, "train", open_backend("numpy", 1), np.dtype(dtype))
        if refused:
            with pytest.raises(
                ShapeError, match=rf"'it' \({kind}\): {n} .*float32 .*{MANY}\n.*float64"
            ):
                compile_net(*arguments)
        else:
            compile_net(*arguments)
