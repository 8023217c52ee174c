"""Nodes that move numbers, run on numbers."""

from __future__ import annotations

import numpy as np
import pytest
from support.onnx_files import needs_onnx

from graphnet.errors import SpecError
from graphnet.interchange.onnx.graph.value_graph import ValueGraph
from graphnet.interchange.onnx.operators.attention_moves import Moves

pytestmark = needs_onnx


def moves(nodes, constants, known, shapes=None, unscaled=()):
    """The moves of a graph."""
    import onnx

    made = [
        onnx.helper.make_node(op, read.split(","), given.split(",")) for op, read, given in nodes
    ]
    graph = ValueGraph(made, constants, frozenset(), 20)
    by_id = {id(made[i]): name for i, name in unscaled}
    return Moves(graph, known, (shapes or {}).get, by_id)


def test_what_moves_and_what_is_passed_over():
    """A Split, a Reshape to a computed shape; a product with a number."""
    nodes = [
        ("Mul", "x,c", "y"),
        ("Split", "y,sizes", "a,b"),
        ("Shape", "outside", "s"),
        ("Reshape", "b,s", "z"),
    ]
    constants = {"c": np.array(0.5), "sizes": np.array([1, 2])}
    x = np.arange(12).reshape(3, 4)
    found = moves(nodes, constants, {"x": x}, {"outside": (4, 2)}, [(0, "x")])
    np.testing.assert_array_equal(found.array("z"), x[1:].reshape(4, 2))
    np.testing.assert_array_equal(found.array("a"), x[:1])


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ([("Transpose", "other", "z")], "depends on 'other'"),
        ([("Relu", "x", "z")], "operator Relu, which computes"),
        ([("Reshape", "x,c", "z")], "cannot see the shape"),
    ],
)
def test_what_is_not_known(nodes, why):
    """A reason."""
    with pytest.raises(SpecError, match=why):
        moves(nodes, {"c": np.array([5])}, {"x": np.zeros((2, 2))}).array("z")


def test_a_long_chain():
    """Is refused, not a crash."""
    nodes = [("Identity", "x" if i == 0 else f"v{i - 1}", f"v{i}") for i in range(5000)]
    with pytest.raises(SpecError, match="too many nodes"):
        moves(nodes, {}, {"x": np.zeros(2)}).array("v4999")
