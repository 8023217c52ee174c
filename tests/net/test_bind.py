# ruff: noqa: D102  # the spy's methods are those of the layer contract
"""Binding: each layer gets its own arrays, and just the diffs it is to write."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from support.nets import INPUT, net_of, net_spec

import graphnet as gn
from graphnet.backend.base import Backend, ScratchDecl
from graphnet.errors import DataError
from graphnet.layers.base import Binding, Layer, LayerSpec, Shapes
from graphnet.net.load_net import load_net
from graphnet.net.spec import Node

TWO_USERS = f"""
    - {INPUT}
    - {{name: p, type: InnerProduct, output_dim: 5, param_key: k, bottoms: [x], tops: [p]}}
    - {{name: q, type: InnerProduct, output_dim: 5, param_key: k, bottoms: [p], tops: [q]}}
    - {{name: loss, type: SoftmaxLoss, bottoms: [q, label]}}
"""


def bottoms_with_diffs(net):
    """By layer, which of its bottoms it writes a gradient to."""
    return {
        layer.name: [b.name for b in layer.bottoms if b.diff is not None] for layer in net.layers
    }


def test_a_layer_gets_diffs_of_the_bottoms_it_sends_gradients_to():
    """Nothing below the first layer that learns wants one, and a label never does."""
    assert bottoms_with_diffs(net_of(TWO_USERS)) == {"in": [], "p": [], "q": ["p"], "loss": ["q"]}


def test_a_reader_that_sends_no_gradient_has_no_diff_to_write():
    """Though the blob has one, for another reader: what is a label here is a prediction there."""
    net = net_of(
        """
        - {name: in, type: Input, batch_size: 4, shapes: {x: [5], t: [1]}, tops: [x, t]}
        - {name: p, type: InnerProduct, output_dim: 1, bottoms: [x], tops: [p]}
        - {name: q, type: InnerProduct, output_dim: 5, bottoms: [x], tops: [q]}
        - {name: near, type: SquareLoss, bottoms: [p, t]}
        - {name: class, type: SoftmaxLoss, bottoms: [q, p]}
        """
    )
    found = bottoms_with_diffs(net)
    assert (found["near"], found["class"]) == (["p"], ["q"])


def test_a_frozen_layer_passes_gradients_on_and_keeps_none():
    """Its params have no diff; what lies below it still learns."""
    net = net_of(TWO_USERS.replace("param_key: k, bottoms: [p]", "frozen: true, bottoms: [p]"))
    assert bottoms_with_diffs(net)["q"] == ["p"]
    assert {n: p.diff for n, p in net.params["q"].items()} == {"weight": None, "bias": None}
    assert net.params["p"]["weight"].diff is not None


def test_users_of_a_shared_param_have_its_data_and_a_diff_each():
    """The first writes the store's own diff; the others' are added to it after backward."""
    net = net_of(TWO_USERS)
    p, q, stored = (
        group["weight"] for group in (net.params["p"], net.params["q"], net.store.params["k"])
    )
    assert np.shares_memory(p.data, stored.data)
    assert np.shares_memory(q.data, stored.data)
    assert np.shares_memory(p.diff, stored.diff)
    assert not np.shares_memory(q.diff, stored.diff)


def test_a_frozen_user_of_a_shared_param_adds_nothing():
    """The other one still learns it."""
    net = net_of(
        TWO_USERS.replace("param_key: k, bottoms: [p]", "param_key: k, frozen: true, bottoms: [p]")
    )
    assert net.params["q"]["weight"].diff is None
    net.forward()
    net.backward()
    first = net.params["p"]["weight"].diff
    np.testing.assert_array_equal(net.store.params["k"]["weight"].diff, first)
    assert first.any()


OWNERS = {
    "frozen": ("frozen: true,", "[p, label]"),
    "not reached by the loss": ("", "[q, label]"),
    "learning": ("", "[p, label]"),
}


@pytest.mark.parametrize("owner", OWNERS)
def test_the_diff_of_a_shared_param_is_the_sum_over_those_that_learn_it(owner):
    """Whoever declared it first, and after each pass anew."""
    properties, first_loss = OWNERS[owner]
    layer = "- {{name: {0}, type: InnerProduct, output_dim: 5, {1} bottoms: [x], tops: [{0}]}}\n"
    losses = f"- {{name: a, type: SoftmaxLoss, bottoms: {first_loss}}}\n" + "".join(
        f"- {{name: of-{q}, type: SoftmaxLoss, bottoms: [{q}, label]}}\n" for q in "qr"
    )
    users = {
        key: f"- {INPUT}\n"
        + layer.format("p", f"{properties} {key.format('p')}")
        + layer.format("q", key.format("q"))
        + layer.format("r", key.format("r"))
        + losses
        for key in ("param_key: k,", "param_key: {0},")
    }
    shared, apart = (load_net(net_spec(text)) for text in users.values())
    for net in (shared, apart):
        for held in net.store.params.values():
            for name, param in held.items():
                param.data[...] = shared.store.params["k"][name].data
        for blob in ("x", "label"):
            net.blobs[blob].data[...] = (
                np.arange(net.blobs[blob].data.size).reshape(net.blobs[blob].data.shape) % 3
            )
    for _ in range(3):
        shared.forward_backward()
    apart.forward_backward()
    for name, param in shared.store.params["k"].items():
        learning = [held[name].diff for held in apart.store.params.values()]
        expected = sum(diff for diff in learning if diff is not None)
        np.testing.assert_allclose(param.diff, expected, rtol=1e-5, atol=1e-7)


class Spy(LayerSpec):
    """A layer that declares scratch of each kind and shows what it was bound to."""

    type: str = "Spy"
    fail: bool = False
    bound: ClassVar[list[Binding]] = []

    def top_shapes(self, bottoms: Shapes) -> list[tuple[int, ...]]:
        return [bottoms[0]]

    def scratch(
        self, bottoms: Shapes, backend: Backend, *, backward: bool
    ) -> dict[str, ScratchDecl]:
        return {
            "plain": ScratchDecl((3, 2)),
            "blob": ScratchDecl(bottoms[0], blob=True),
            "index": ScratchDecl((7,), dtype="int32", lifetime="forever"),
        }

    def build(self, binding: Binding) -> Layer[Any]:
        if self.fail:
            raise DataError("there is nothing to spy on")
        self.bound.append(binding)
        return SpyLayer(self, binding)


class SpyLayer(Layer[Spy]):
    """Does nothing."""

    def forward(self) -> None:
        pass


def spy_net(**properties):
    data = gn.layers.Input(name="in", batch_size=4, shapes={"x": [5, 2]}, tops=["x"])
    return load_net([data, Spy(name="spy", bottoms=["x"], tops=["y"], **properties)], seed=7)


def test_scratch_is_as_declared(monkeypatch):
    """Shape, type and storage: plain C order, or the backend's layout for blobs."""
    monkeypatch.setattr(Spy, "bound", [])
    net = spy_net()
    (binding,) = Spy.bound
    found = {name: (a.shape, a.dtype.name) for name, a in binding.scratch.items()}
    assert found == {
        "plain": ((3, 2), "float32"),
        "blob": ((4, 5, 2), "float32"),
        "index": ((7,), "int32"),
    }
    assert binding.scratch["plain"].flags.c_contiguous
    assert binding.scratch["blob"].strides == net.blobs["x"].data.strides
    assert (binding.name, binding.dtype, binding.context.seed) == ("spy", np.float32, 7)


def test_a_layer_that_cannot_be_set_up_is_named():
    """The layer and its place are added on the way up."""
    with pytest.raises(DataError, match=r"^layer 'spy' \(Spy\): there is nothing to spy on$"):
        spy_net(fail=True)
    spec = net_spec(f"[{INPUT}]")
    spy = Spy(name="spy", bottoms=["x"], tops=["y"], fail=True)
    placed = Node.of(spy, spec.nodes[0].position)
    with pytest.raises(DataError, match=r"^net.yaml:1:2: layer 'spy' \(Spy\): there is nothing"):
        load_net(spec.with_nodes([*spec.nodes, placed]))
