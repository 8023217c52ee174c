"""Layers that share params do not contradict each other."""

from __future__ import annotations

import numpy as np
import pytest
from support.nets import INPUT, net_of, net_spec

from graphnet.errors import ShapeError, SpecError
from graphnet.net.load_net import load_net

TWO = f"""
    - {INPUT}
    - {{name: a, type: InnerProduct, output_dim: 5, param_key: k, FIRST bottoms: [x], tops: [a]}}
    - {{name: b, type: InnerProduct, output_dim: 5, param_key: k, SECOND bottoms: [a], tops: [b]}}
    - {{name: loss, type: SoftmaxLoss, bottoms: [b, label]}}
"""


def two(first="", second=""):
    return TWO.replace("FIRST", first).replace("SECOND", second)


@pytest.mark.parametrize(
    ("first", "second", "said", "has"),
    [
        ("", "weight_lr: 7,", "7", "1"),
        ("", "weight_init: {type: Constant, value: 3},", r"Constant \(value: 3.0\)", "Xavier"),
        ("weight_regu: L1Regu,", "weight_regu: NoRegu,", "NoRegu", r"L1Regu \(coef: 1.0\)"),
        ("weight_lr: 2,", "weight_lr: 1,", "1", "2"),
        ("", "bias_cons: {type: L2Cons, threshold: 1},", "L2Cons .*", "NoCons"),
    ],
)
def test_a_contradiction_is_refused(first, second, said, has):
    """With the line of both."""
    match = (
        rf"net.yaml:4:3: layer 'b' .*key '\w+' says {said}, but it shares the params of layer 'a'"
        rf" \(net.yaml:3:3\), which has {has}\n"
    )
    with pytest.raises(SpecError, match=match):
        net_of(two(first, second))


@pytest.mark.parametrize(
    ("first", "second"),
    [("weight_lr: 7,", ""), ("weight_lr: 7,", "weight_lr: 7,"), ("", "weight_lr: 1,"), ("", "")],
)
def test_saying_the_same_or_nothing_is_right(first, second):
    """A default that was not written is no contradiction."""
    net = net_of(two(first, second))
    assert net.store.params["k"]["weight"].decl.lr == (7 if first else 1)


@pytest.mark.parametrize("order", [1, -1])
def test_layers_of_one_name_in_two_phases(order):
    """They share too; the training phase's counts, whichever comes first."""
    layer = "- {name: ip, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [y], "
    pair = [layer + rest for rest in ("phase: train, weight_lr: 2}", "phase: test, weight_lr: 5}")]
    text = "\n".join([f"- {INPUT}", *pair[::order]])
    with pytest.raises(SpecError, match=r"'weight_lr' says 5, but .*'ip' .*, which has 2"):
        net_of(text)
    net_of(text.replace(", weight_lr: 5", ""))


def test_a_net_that_shares_the_params_of_another():
    """What it says of them must be so there."""
    first = load_net(net_spec(two("weight_lr: 2,"), "first.yaml"))
    second = net_spec(two("weight_lr: 3,"), "second.yaml")
    with pytest.raises(SpecError, match=r"second.yaml:3:3: .* \(first.yaml:3:3\), which has 2"):
        load_net(second, share=first)
    assert load_net(net_spec(two()), share=first).store is first.store


def test_a_param_that_is_frozen_there_cannot_learn_here():
    """Its diff is nowhere; in phase test that does not matter."""
    frozen = load_net(net_spec(two("frozen: true,", "frozen: true,")))
    with pytest.raises(ShapeError, match=r"its params are frozen in .*, and to learn in"):
        load_net(net_spec(two()), share=frozen)
    assert load_net(net_spec(two()), "test", share=frozen)


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({"dtype": "float64"}, "dtype: 'float64', but the net given as share has 'float32'"),
        ({"seed": 3}, "seed: 3, but the net given as share has 0"),
        ({"threads": 2}, "threads: 2, but the net given as share has 1"),
        ({"backend": "cupy"}, "backend: 'cupy', but the net given as share has 'numpy'"),
    ],
)
def test_what_goes_with_the_params(asked, match):
    """Is the other net's; asking for something else is refused, for the same is not."""
    first = load_net(net_spec(two()), threads=1)
    with pytest.raises(SpecError, match=match):
        load_net(net_spec(two()), share=first, **asked)
    same = load_net(net_spec(two()), share=first, threads=1, backend=first.backend, seed=0)
    assert same.backend is first.backend
    load_net(net_spec(two()), share=first, backend="auto")
    double = load_net(net_spec(two()), dtype="float64", seed=4)
    assert load_net(net_spec(two()), share=double, dtype="float64", seed=4).context.seed == 4
    with pytest.raises(ShapeError, match="memory"):
        load_net(net_spec(two()), share=first, memory_limit=10)


def test_layers_that_share_params_carry_states_of_their_own():
    """Two recurrent layers in one net read different sequences."""
    text = """
        - {name: in, type: Input, batch_size: 2, shapes: {x: [3, 4], z: [3, 4]}, tops: [x, z]}
        - {name: a, type: LSTM, output_dim: 3, param_key: k, bottoms: [x], tops: [a]}
        - {name: b, type: LSTM, output_dim: 3, param_key: k, STATEFUL bottoms: [z], tops: [b]}
    """.replace("LSTM, output_dim: 3, param_key: k, bottoms", "LSTM, output_dim: 3, param_key: k,"
                " STATEFUL bottoms")  # fmt: skip
    shared = net_of(text.replace("STATEFUL", "stateful: true,"))
    a, b = shared.layers[1:]
    assert a.state["hidden"] is not b.state["hidden"]
    assert shared.store.state["k"]["hidden"] is a.state["hidden"]
    assert shared.store.state["b"]["hidden"] is b.state["hidden"]
    apart = net_of(text.replace("STATEFUL", "stateful: true,").replace("param_key: k,", ""))
    for name in ("weight_x", "weight_h", "bias"):
        for layer in "ab":
            apart.params[layer][name].data = shared.params["a"][name].data
    for net in (shared, apart):
        for blob, values in shared.blobs.items():
            if blob in "xz":
                net.blobs[blob].data = values.data
        net.forward()
        net.forward()
    np.testing.assert_array_equal(shared.blobs["b"].data, apart.blobs["b"].data)
    np.testing.assert_array_equal(shared.blobs["a"].data, apart.blobs["a"].data)


def test_a_stateful_layer_may_share_with_one_that_is_not():
    """Its state is under its own name."""
    net = net_of("""
        - {name: in, type: Input, batch_size: 2, shapes: {x: [3, 3]}, tops: [x]}
        - {name: a, type: RNN, output_dim: 3, param_key: k, bottoms: [x], tops: [a]}
        - {name: b, type: RNN, output_dim: 3, param_key: k, stateful: true, bottoms: [a], tops: [b]}
    """)
    net.forward()
    assert net.layers[2].state["hidden"].any()
    assert list(net.store.state) == ["b"]
