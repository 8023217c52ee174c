"""Convolutions that take in the norm behind them: the same values, in one pass less."""

import numpy as np
import pytest
from support.nets import net_spec

from graphnet.net.load_net import load_net

NET = """
- {name: in, type: Input, batch_size: 8, shapes: {x: [6, 9, 9]}, tops: [x]}
- {name: c, type: Convolution, n_filter: 4, kernel: 3, pad: 1, CONVOLUTION bottoms: [x], tops: [c]}
- {name: b, type: BatchNorm, NORM bottoms: [c], tops: [b]}
"""


def two_nets(convolution="", norm="", text=NET):
    """The net as it is declared, and as it predicts; with the same random params and statistics."""
    text = text.replace("CONVOLUTION", convolution).replace("NORM", norm)
    plain = load_net(net_spec(text), phase="test", keep="all", dtype="float64")
    folded = plain.share(
        plain.compiled.spec, "test", keep=["x", plain.graph.layers[-1].tops[0].name]
    )
    draw = np.random.default_rng(0)
    store = plain.store
    for param in (param for params in store.params.values() for param in params.values()):
        param.data[...] = draw.standard_normal(param.data.shape)
    for state in (array for arrays in store.state.values() for array in arrays.values()):
        state[...] = draw.uniform(0.5, 2, state.shape)
    return plain, folded


def run(net):
    """The last blob of a pass over numbers that are always the same, in memory that held others."""
    for blob in net.blobs.values():
        blob.data[...] = np.nan
    net.blobs["x"].data[...] = np.random.default_rng(1).standard_normal(net.blobs["x"].data.shape)
    net.forward()
    return net.blobs[net.graph.layers[-1].tops[0].name].data.copy()


@pytest.mark.parametrize("convolution", ["", "bias: false,", "n_group: 2,", "stride: 2,"])
@pytest.mark.parametrize("norm", ["", "affine: false,", "epsilon: 0.5,", "neuron: ReLU,"])
def test_the_values_are_the_same(convolution, norm):
    """Whatever the convolution and the norm have; also when params and statistics have moved."""
    plain, folded = two_nets(convolution, norm)
    assert folded.graph.layer("b").within is folded.graph.layer("c")
    assert plain.graph.layer("b").within is None
    np.testing.assert_allclose(run(folded), run(plain), rtol=1e-12, atol=1e-12)
    plain.store.params["c"]["filter"].data[...] += 1
    plain.store.state["b"]["variance"][...] *= 2
    np.testing.assert_allclose(run(folded), run(plain), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_samples", [1, 8])
@pytest.mark.parametrize("n_group", [2, 4, 8])
@pytest.mark.parametrize("kernel", [1, 3])
def test_groups(n_samples, n_group, kernel):
    """However many there are: a group takes its part of what is the convolution's own."""
    text = NET.replace("batch_size: 8", f"batch_size: {n_samples}").replace(
        "[6, 9, 9]", "[8, 9, 9]"
    )
    text = text.replace("n_filter: 4, kernel: 3", f"n_filter: 8, kernel: {kernel}")
    plain, folded = two_nets(f"n_group: {n_group},", "neuron: ReLU,", text)
    assert folded.graph.layer("b").within is folded.graph.layer("c")
    np.testing.assert_allclose(run(folded), run(plain), rtol=1e-12, atol=1e-12)


def test_what_is_shown():
    """The two keep their names and types; the table says where the norm is done."""
    _, folded = two_nets()
    assert [layer.type for layer in folded.graph.layers] == ["Input", "Convolution", "BatchNorm"]
    assert "BatchNorm within c" in folded.summary()


@pytest.mark.parametrize(
    ("convolution", "norm", "text"),
    [
        ("", "use_global_stats: false,", NET),  # the batch's own statistics
        ("neuron: ReLU,", "", NET),  # between the two
        ("", "", NET + "- {name: r, type: Tanh, bottoms: [c], tops: [r]}"),  # read by another
        ("", "", NET.replace("kernel: 3, pad: 1", "kernel: 9")),  # more filter than output
    ],
)
def test_what_stays(convolution, norm, text):
    """Where it would be another value, somebody would see it, or it would take longer."""
    plain, folded = two_nets(convolution, norm, text)
    assert folded.graph.layer("b").within is None
    np.testing.assert_allclose(run(folded), run(plain), rtol=1e-12, atol=1e-12)


NORMS = (
    NET
    + """
- {name: again, type: BatchNorm, bottoms: [b], tops: [again]}
- {name: last, type: BatchNorm, neuron: ReLU, bottoms: [again], tops: [last]}
"""
)


def test_of_norms_in_a_row_the_first_is_folded():
    """A convolution does one; those behind it do their own work."""
    plain, folded = two_nets(text=NORMS)
    within = {layer.name: layer.within and layer.within.name for layer in folded.graph.layers}
    assert within["b"] == "c"
    assert within["again"] is within["last"] is None
    np.testing.assert_allclose(run(folded), run(plain), rtol=1e-12, atol=1e-12)


#: A norm that runs between the convolution and the norm behind it, and shares the statistics of
#: the latter.
SHARED = """
- {name: in, type: Input, batch_size: 8, shapes: {x: [6, 9, 9]}, tops: [x]}
- {name: d, type: Convolution, n_filter: 4, kernel: 3, pad: 1, bottoms: [x], tops: [d]}
- {name: c, type: Convolution, n_filter: 4, kernel: 3, pad: 1, KEY bottoms: [x], tops: [c]}
- {name: o, type: BatchNorm, OTHER bottoms: [d], tops: [o]}
- {name: b, type: BatchNorm, OWN bottoms: [c], tops: [b]}
- {name: s, type: ElementWise, operation: Multiply, bottoms: [b, o], tops: [s]}
"""


@pytest.mark.parametrize("keys", [("", "param_key: b,"), ("param_key: o,", "")])
@pytest.mark.parametrize("moves", [True, False])
@pytest.mark.parametrize("convolution", ["", "param_key: d,"])
def test_statistics_that_another_layer_moves_are_not_folded(keys, moves, convolution):
    """Whichever of the two has the key: a pass uses them as they are when the norm's turn comes."""
    own, other = keys
    other += " use_global_stats: false, moving_average_fraction: 0.1," if moves else ""
    text = SHARED.replace("OTHER", other).replace("OWN", own).replace("KEY", convolution)
    plain, folded = two_nets(text=text)
    assert (folded.graph.layer("b").within is None) == moves
    kept = {k: {n: a.copy() for n, a in held.items()} for k, held in plain.store.state.items()}
    expected = run(plain)
    for key, held in kept.items():
        for name, array in held.items():
            plain.store.state[key][name][...] = array
    np.testing.assert_allclose(run(folded), expected, rtol=1e-12, atol=1e-12)


def test_a_blob_that_is_kept_is_as_declared():
    """What the convolution alone gives can be read where it is asked for."""
    plain, _ = two_nets()
    kept = plain.share(plain.compiled.spec, "test", keep=["x", "c", "b"])
    run(plain), run(kept)
    np.testing.assert_array_equal(kept.blobs["c"].data, plain.blobs["c"].data)


def test_gradients_are_sent_through_both():
    """A net that trains, or whose gradients are wanted, runs both layers."""
    data = "\n- {name: loss, type: SquareLoss, bottoms: [b, x]}\n"
    text = NET.replace("n_filter: 4", "n_filter: 6").replace("CONVOLUTION", "").replace("NORM", "")
    net = load_net(net_spec(text + data), phase="train", keep="needed")
    assert net.graph.layer("b").within is None
