"""Graphs, node by node: names, what is left out, what is shared, outputs."""

import re

import numpy as np
import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import imported, model_of, run_imported, types_of

from graphnet.errors import SpecError
from graphnet.interchange.onnx.translation import clean


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("conv1", "conv1"),
        ("/features/features.0/Conv", "features/features.0/Conv"),
        ("a//b/", "a/b"),
        ("./x", "__x"),
        ("a\tb", "a_b"),
        ("", "net"),
        ("x" * 999, "x" * 200),
    ],
)
def test_names(name, wanted):
    """Such as graphnet takes."""
    assert clean(name) == wanted


@needs_onnx
def test_nodes_without_names():
    """Are called after their operators."""
    made = imported(model_of([("Abs", "x", "a"), ("Abs", "a", "y")], {"x": [1, 2]}))
    assert [layer["name"] for layer in made.layers()] == ["input", "abs", "abs-2"]


@needs_onnx
def test_what_nobody_needs():
    """Is left out, an operator that graphnet does not have as well."""
    made = imported(model_of([("Erf", "x", "z"), ("Abs", "x", "y")], {"x": [1, 2]}))
    assert types_of(made) == ["AbsVal"]


@needs_onnx
def test_shared_constants():
    """Are one param."""
    nodes = [("Gemm", "a,w", "p"), ("Gemm", "b,w", "q"), ("Sub", "p,q", "y")]
    weight = np.ones((3, 2), np.float32)
    made = imported(model_of(nodes, {"a": [1, 3], "b": [1, 3]}, {"w": weight}))
    assert [layer.get("param_key") for layer in made.layers()[1:3]] == [None, "gemm"]
    assert list(made.made.params) == ["gemm/weight"]


@needs_onnx
def test_outputs():
    """One that is an input, one that others read, one twice: each is a blob that nobody reads."""
    nodes = [("Abs", "x", "a"), ("Neg", "a", "b"), ("Identity", "b", "c")]
    model = model_of(nodes, {"x": [1, 2]}, outputs=["x", "a", "b", "c"])
    made = imported(model)
    found = run_imported(made, {"x": np.array([[1.0, -2.0]])})
    assert {name: array.tolist() for name, array in found.items()} == {
        "x": [[1, -2]], "a": [[1, 2]], "b": [[-1, -2]], "c": [[-1, -2]]
    }  # fmt: skip
    read = {blob for layer in made.layers() for blob in layer.get("bottoms", ())}
    assert not read & {value.blob for value in made.gives.values()}


@needs_onnx
@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([("Relu", "q", "y")], "node 'y' (Relu): reads 'q', which nothing above it makes"),
        ([("Relu", "x", "z")], "output 'y': nothing makes it"),
        ([("Shape", "x", "y")], "output 'y': is a constant"),
        ([("Relux", "x", "y")], "graphnet has no layer like it\n  did you mean 'Relu'?"),
        ([("Relu", "", "y")], "computes constants, by an operator"),
        ([("Mine", "x", "y", {"domain": "my.own"})], "is an operator of 'my.own'"),
    ],
)
def test_what_is_wrong(nodes, said):
    """With the node."""
    with pytest.raises(SpecError, match=re.escape(said)):
        imported(model_of(nodes, {"x": [1, 2]}))
