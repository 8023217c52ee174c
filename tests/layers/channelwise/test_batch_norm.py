"""BatchNorm through the layer harness: both phases, its running statistics, its properties."""

import numpy as np
import pytest
import yaml
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.channelwise.batch_norm import BatchNorm
from graphnet.net.load_net import load_net
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import Constant, Gaussian
from graphnet.params.regularizers import L2Regu


def spec(**properties):
    return BatchNorm(name="bn", bottoms=("x",), tops=("y",), **properties)


def affine(normalised, params, n_axes):
    """The learned scale and bias, where there are any."""
    shape = (1, -1) + (1,) * (n_axes - 2)
    scale, bias = params.get("scale", np.ones(1)), params.get("bias", np.zeros(1))
    return normalised * scale.reshape(shape) + bias.reshape(shape)


def batch_norm(eps=1e-5):
    """Channel by channel, with the batch's own mean and variance."""

    def reference(bottoms, params):
        (x,) = bottoms
        y = np.empty_like(x)
        for c in range(x.shape[1]):
            y[:, c] = (x[:, c] - x[:, c].mean()) / np.sqrt(x[:, c].var() + eps)
        return [affine(y, params, x.ndim)]

    return reference


def at_start(bottoms, params):
    """With the running statistics a run starts with: mean 0 and variance 1."""
    (x,) = bottoms
    return [affine(x / np.sqrt(1 + 1e-5), params, x.ndim)]


CASES = [
    *(LayerCase(spec(), [s], batch_norm()) for s in [(4, 3), (3, 2, 2, 3), (5, 2, 3), (2, 1)]),
    LayerCase(spec(affine=False), [(3, 2, 4)], batch_norm(), label="plain"),
    LayerCase(spec(epsilon=0.5), [(3, 2, 4)], batch_norm(0.5), label="epsilon"),
    LayerCase(spec(sync=True), [(3, 2, 4)], batch_norm(), label="sync, of one shard"),
    LayerCase(spec(moving_average_fraction=0.5), [(3, 2, 4)], batch_norm(), label="fraction"),
    LayerCase(spec(), [(3, 2, 2, 3)], at_start, phase="test", label="test phase"),
    LayerCase(spec(affine=False), [(3, 2)], at_start, phase="test", label="test phase, plain"),
    LayerCase(spec(use_global_stats=True), [(3, 2, 4)], at_start, label="global"),
    LayerCase(
        spec(use_global_stats=False), [(3, 2, 4)], batch_norm(), phase="test", label="not global"
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Mean 0 and variance 1 per channel, then the learned scale and bias."""
    check_layer(case)


def test_a_batch_of_one_element():
    """One element less its mean is 0, whatever it is: refused, but with running statistics."""
    with pytest.raises(ShapeError, match=r"1×3 each channel has a single element"):
        Rig(LayerCase(spec(), [(1, 3)], batch_norm()))
    Rig(LayerCase(spec(use_global_stats=True), [(1, 3)], batch_norm())).run()
    Rig(LayerCase(spec(), [(1, 3)], batch_norm(), phase="test")).forward()


@pytest.mark.parametrize("fraction", [0.0, 0.75, 0.9])
def test_running_statistics(fraction):
    """They keep a fraction of what they were and take the rest from the batch's, unbiased."""
    layer = spec(moving_average_fraction=fraction)
    rig = Rig(LayerCase(layer, [(4, 2, 3)], batch_norm()))
    mean, variance = np.zeros(2), np.ones(2)
    for k in range(3):
        rig.bottoms[0].data[...] = x = rig.values[0] * (k + 1) + k
        rig.layer.forward()
        mean = fraction * mean + (1 - fraction) * x.mean((0, 2))
        variance = fraction * variance + (1 - fraction) * x.var((0, 2), ddof=1)
    np.testing.assert_allclose(rig.state["mean"], mean)
    np.testing.assert_allclose(rig.state["variance"], variance)


def test_running_statistics_are_used():
    """The test phase normalises with what training left, and leaves it alone."""
    rig = Rig(LayerCase(spec(), [(4, 2, 3)], at_start, phase="test"))
    rig.state["mean"][...], rig.state["variance"][...] = [1.0, -2.0], [4.0, 0.25]
    rig.layer.forward()
    x = rig.values[0]
    normalised = (x - [[[1.0], [-2.0]]]) / np.sqrt(np.array([[[4.0], [0.25]]]) + 1e-5)
    params = {name: p.data for name, p in rig.params.items()}
    np.testing.assert_allclose(rig.tops[0].data, affine(normalised, params, 3))
    assert rig.state["mean"].tolist() == [1.0, -2.0]
    assert rig.state["variance"].tolist() == [4.0, 0.25]


def test_running_statistics_move_while_frozen():
    """Freezing stops the learning of scale and bias, not the statistics."""
    rig = Rig(LayerCase(spec(), [(4, 2)], batch_norm()), frozen=True)
    rig.layer.forward()
    np.testing.assert_allclose(rig.state["mean"], 0.1 * rig.values[0].mean(0))


@pytest.mark.parametrize("affine", ["true", "false"])
def test_prediction_uses_what_training_left(affine):
    """The nets of a run share the statistics: batches move them, a prediction reads them."""
    text = f"""
- {{name: data, type: MemoryData, batch_size: 4, tops: [x], data: {{x: [[1], [2], [3], [6]]}}}}
- {{name: bn, type: BatchNorm, affine: {affine}, bottoms: [x], tops: [y]}}
"""
    net = load_net(yaml.safe_load(text), phase="train")
    for _ in range(200):
        net.forward()
    y = net.predict({"x": [[3.0], [3.0 + np.sqrt(14 / 3)]]})["y"]
    np.testing.assert_allclose(y, [[0], [1]], atol=1e-4)


def test_far_from_zero():
    """A mean far larger than the deviation costs no more precision than the inputs have lost."""
    x = np.random.default_rng(0).standard_normal((64, 2)) + 1000
    case = LayerCase(spec(affine=False), [x], batch_norm())
    rounded = x.astype(np.float32).astype(np.float64)
    y = Rig(case, dtype=np.float32).run()["top 0"]
    np.testing.assert_allclose(y, batch_norm()([rounded], {})[0], atol=1e-3)


def test_declarations():
    """Params and state have one element a channel; every property reaches its declaration."""
    layer = spec(
        scale_init=Gaussian(std=0.1), bias_init=Constant(value=3.0), scale_regu=L2Regu(),
        bias_regu=L2Regu(coef=2.0), scale_cons=L2Cons(threshold=1.0),
        bias_cons=L2Cons(threshold=2.0), scale_lr=0.5, bias_lr=2.0,
    )  # fmt: skip
    scale, bias = layer.param_decls([(8, 5, 2, 2)]).values()
    assert (scale.shape, scale.init, scale.regu, scale.cons, scale.lr) == (
        (5,), Gaussian(std=0.1), L2Regu(), L2Cons(threshold=1.0), 0.5
    )  # fmt: skip
    assert (bias.shape, bias.init, bias.regu, bias.cons, bias.lr) == (
        (5,), Constant(value=3.0), L2Regu(coef=2.0), L2Cons(threshold=2.0), 2.0
    )  # fmt: skip
    state = layer.state_decls([(8, 5, 2, 2)])
    assert {k: (d.shape, d.fill, d.per_batch) for k, d in state.items()} == {
        "mean": ((5,), 0.0, False),
        "variance": ((5,), 1.0, False),
    }
    assert spec(param_key="shared").store_key == "shared"
    assert spec(neuron="ReLU").neuron.type == "ReLU"


def test_mistakes():
    """It needs a channel axis, a positive epsilon and a fraction below 1."""
    with pytest.raises(ShapeError, match="shape 3 has no channels"):
        spec().top_shapes([(3,)])
    with pytest.raises(SpecError, match="epsilon"):
        spec(epsilon=0)
    with pytest.raises(SpecError, match="moving_average_fraction"):
        spec(moving_average_fraction=1.0)
