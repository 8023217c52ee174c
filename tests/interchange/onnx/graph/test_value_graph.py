"""A graph seen from its values."""

import numpy as np
import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import model_of

from graphnet.interchange.onnx.graph.value_graph import ValueGraph

CONSTANTS = {"two": np.array(2.0), "row": np.ones(3), "none": np.array(0.0)}


def graph_of(*nodes):
    """Of nodes that read ``x`` and constants."""
    model = model_of(nodes, {"x": [2, 3]}, CONSTANTS)
    return ValueGraph(list(model.graph.node), CONSTANTS, frozenset({"y"}), 22)


@needs_onnx
def test_makers_and_readers():
    """Of each value; one that reads it twice is one reader."""
    graph = graph_of(("Relu", "x", "h"), ("Mul", "h,h", "y"))
    assert graph.maker("h", "Relu").op_type == "Relu"
    assert graph.maker("h", "Mul") is None
    assert graph.maker("x", "Relu") is None
    assert [node.op_type for node in graph.readers("h")] == ["Mul"]
    assert graph.readers("y") == []


@needs_onnx
@pytest.mark.parametrize(
    ("op", "read", "found"),
    [
        ("Mul", "x,row", ("x", "row")),
        ("Mul", "row,x", ("x", "row")),
        ("Div", "x,two", ("x", "two")),
        ("Div", "two,x", None),
        ("Add", "x,x", None),
        ("Relu", "x", None),
    ],
)
def test_a_blob_and_a_constant(op, read, found):
    """In either order, but of a Div."""
    graph = graph_of((op, read, "y"))
    assert graph.with_constant(graph.nodes[0]) == found


@needs_onnx
def test_numbers_that_multiply():
    """All of them are taken together, up to what is no number; nothing is divided by 0."""
    graph = graph_of(("Mul", "x,row", "a"), ("Mul", "two,a", "b"), ("Mul", "b,two", "y"))
    name, scale, passed = graph.unscaled("y")
    assert (name, scale, len(passed)) == ("a", 4.0, 2)
    assert graph_of(("Div", "x,two", "y")).unscaled("y")[:2] == ("x", 0.5)
    assert graph_of(("Div", "x,none", "y")).unscaled("y")[:2] == ("y", 1.0)


@needs_onnx
def test_the_scores_of_a_softmax():
    """A product of two blobs, under what is added and multiplied; not one by a constant."""
    graph = graph_of(
        ("MatMul", "x,x", "s"), ("Add", "row,s", "a"), ("Mul", "a,two", "b"), ("Softmax", "b", "y")
    )
    assert graph.scores_of(graph.nodes[-1]).output[0] == "s"
    for nodes in ([("MatMul", "x,row", "s")], [("Relu", "x", "s")]):
        graph = graph_of(*nodes, ("Softmax", "s", "y"))
        assert graph.scores_of(graph.nodes[-1]) is None


@needs_onnx
def test_a_circle():
    """In a damaged file: nobody goes round in it."""
    graph = graph_of(("Mul", "y,two", "a"), ("Mul", "a,two", "y"), ("Softmax", "y", "z"))
    assert graph.unscaled("y") == ("y", 1.0, [])
    assert graph.scores_of(graph.nodes[-1]) is None
    graph = graph_of(("Mul", "x,two", "a"), ("Mul", "a,two", "a"))
    assert graph.unscaled("a")[0] == "x"
