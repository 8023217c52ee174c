"""Layers that apply the ReLU behind them: bit for bit what the two give one after the other."""

import numpy as np
import pytest
from support.nets import net_spec

from graphnet.backend.numpy.convolution import conv2d
from graphnet.backend.window import Window
from graphnet.net import compiled
from graphnet.net.load_net import load_net

NET = """
- {{name: in, type: Input, batch_size: {n}, shapes: {{x: {x}, l: {y}}}, tops: [x, l]}}
- {{name: w, type: Scale, bottoms: [x], tops: [w]}}
{layers}
- {{name: loss, type: SquareLoss, bottoms: [y, l]}}
"""
CONVOLUTION = "- {name: c, type: Convolution, neuron: RELU, bottoms: [w], tops: [y], OPTIONS}"

#: Samples, the shape of one before and behind, and the layers.
NORM = "- {name: b, type: BatchNorm, neuron: RELU, bottoms: [w], tops: [y]}"
FROZEN = NORM.replace("neuron", "frozen: true, use_global_stats: true, neuron")
SUM_AND_RELU = """
- {name: s, type: ElementWise, bottoms: [w, x, w], tops: [s]}
- {name: r, type: RELU, bottoms: [s], tops: [y]}
"""
CASES = {
    "norm": (6, [3, 4], [3, 4], NORM),
    "frozen norm": (6, [3, 4], [3, 4], FROZEN),
    "sum": (5, [7], [7], SUM_AND_RELU),
    "sum in place": (5, [7], [7], SUM_AND_RELU.replace("[s]", "[y]")),
}
CONVOLUTIONS = {
    "WinogradPlan": (64, [16, 12, 12], [16, 12, 12], "n_filter: 16, kernel: 3, pad: 1"),
    "LoweredPlan": (8, [2, 24, 24], [4, 10, 10], "n_filter: 4, kernel: 5, stride: 2"),
    "BandedPlan": (16, [8, 7, 7], [8, 7, 7], "n_filter: 8, n_group: 8, kernel: 3, pad: 1"),
    "DepthwisePlan": (2, [64, 7, 7], [64, 7, 7], "n_filter: 64, n_group: 64, kernel: 3, pad: 1"),
    "Im2colPlan": (1, [64, 7, 7], [64, 7, 7], "n_filter: 64, kernel: 3, pad: 1"),
}
#: In more groups than there are samples.
GROUPS = {
    "groups": (2, [8, 32, 32], [8, 32, 32], "n_filter: 8, n_group: 4, kernel: 3, pad: 1"),
}
CASES |= {
    name: (n, x, y, CONVOLUTION.replace("OPTIONS", options))
    for name, (n, x, y, options) in (CONVOLUTIONS | GROUPS).items()
}


def results(text, threads):
    """The net after a step from memory full of NaN: its loss, its top and all gradients."""
    net = load_net(net_spec(text), phase="train", keep=["x", "l", "y"], threads=threads, seed=5)
    draw = np.random.default_rng(0)
    for name in ("x", "l"):
        net.blobs[name].data[...] = draw.standard_normal(net.blobs[name].data.shape)
    net.blobs["y"].data[...] = np.nan
    net.forward()
    net.backward()
    found = [np.array(net.loss()), net.blobs["y"].data.copy(), net.blobs["y"].diff.copy()]
    params = [param for key in net.store.params.values() for param in key.values()]
    return net, found + [param.diff.copy() for param in params if param.diff is not None]


@pytest.mark.parametrize("neuron", ["ReLU", "{type: ReLU, epsilon: 0.25}"])
@pytest.mark.parametrize("case", CASES)
def test_the_bits_are_the_same(case, neuron, monkeypatch):
    """Values and gradients, with one thread and with three."""
    n, x, y, layers = CASES[case]
    neuron = neuron if "neuron:" in layers else neuron.strip("{}").removeprefix("type: ")
    text = NET.format(n=n, x=x, y=y, layers=layers.replace("RELU", neuron))
    net, found = results(text, 1)
    assert [v.within is not None for v in net.graph.layers if v.type == "ReLU"] == [True]
    for a, b in zip(found, results(text, 3)[1], strict=True):
        np.testing.assert_array_equal(a, b)
    monkeypatch.setattr(compiled, "rectify_within", lambda _: None)
    apart, expected = results(text, 1)
    assert all(v.within is None for v in apart.graph.layers)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("plan", CONVOLUTIONS)
def test_every_algorithm_is_among_the_cases(plan):
    """The convolutions above are those that the names say."""
    n, x, y, _ = CONVOLUTIONS[plan]
    net = load_net(
        net_spec(NET.format(n=n, x=x, y=y, layers=CASES[plan][3].replace("RELU", "ReLU")))
    )
    spec = net.graph.layer("c").spec
    shape = (n, *x)
    assert isinstance(spec.window, Window)
    found = conv2d.plan_conv2d(spec.window, spec.n_group, shape, spec.filter_shape(shape))
    assert type(found).__name__ == plan


@pytest.mark.parametrize("layers", [NORM, SUM_AND_RELU, CASES["WinogradPlan"][3]])
@pytest.mark.parametrize("bounds", [(0.0, -1.0), (0.25, 0.0), (0.0, 0.25), (0.0, 0.0)])
def test_of_relus_in_a_row_the_highest_bound_counts(layers, bounds, monkeypatch):
    """One layer applies all of them."""
    n, x = (64, [16, 12, 12]) if "Convolution" in layers else (6, [7])
    first, second = (f"type: ReLU, epsilon: {bound}" for bound in bounds)
    neuron = first if layers is SUM_AND_RELU else f"{{{first}}}"
    layers = layers.replace("[y]", "[t]").replace("type: RELU", first).replace("RELU", neuron)
    layers += f"\n- {{name: second, {second}, bottoms: [t], tops: [y]}}"
    text = NET.format(n=n, x=x, y=x, layers=layers)
    net, found = results(text, 1)
    assert [v.within is not None for v in net.graph.layers if v.type == "ReLU"] == [True, True]
    monkeypatch.setattr(compiled, "rectify_within", lambda _: None)
    for a, b in zip(found, results(text, 1)[1], strict=True):
        np.testing.assert_array_equal(a, b)


SUM = SUM_AND_RELU.replace("RELU", "ReLU")


@pytest.mark.parametrize(
    ("layers", "keep"),
    [
        (SUM, ["x", "l", "s"]),  # wanted as it is
        (SUM + "- {name: t, type: Tanh, bottoms: [s], tops: [t]}", "needed"),  # read by another
        (SUM.replace("[w, x, w]", "[w, x], coef: [1, 2]"), "needed"),  # not that sum
        (SUM.replace("ReLU", "Tanh"), "needed"),
    ],
)
def test_any_other_stays(layers, keep):
    """Where it is something else, or somebody would see it."""
    net = load_net(net_spec(NET.format(n=4, x=[3], y=[3], layers=layers)), keep=keep)
    assert all(layer.within is None for layer in net.graph.layers)


def test_what_never_comes_up_cannot_be_read():
    """The blob between the two would hold what the ReLU makes."""
    net = load_net(net_spec(NET.format(n=5, x=[7], y=[7], layers=SUM)), keep=["y"])
    assert "s" not in net.blobs
