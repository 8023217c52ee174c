"""Graphs of ONNX while they are made."""

import numpy as np
import pytest
from support.onnx_files import needs_onnx

from graphnet.errors import SpecError
from graphnet.interchange.onnx import building
from graphnet.interchange.onnx.building import BATCH, OnnxGraph, with_batch


def doubling():
    """The graph of y = 2 · x."""
    graph = OnnxGraph("n", ["x", "y"])
    graph.inputs["x"] = graph.outputs["y"] = with_batch((3, 2))
    graph.add("twice", "Mul", ["x", graph.constant("two", np.array(2, np.float32))], ["y"])
    return graph


def test_names_are_given_once():
    """Blobs' names are taken, and a graph within another takes no other name either."""
    graph = OnnxGraph("n", ["x"])
    assert [graph.fresh(n) for n in ("x", "z", "z")] == ["x-2", "z", "z-2"]
    assert graph.inner("body").fresh("z") == "z-3"


@needs_onnx
def test_a_file():
    """Opset 22, IR 10, an open batch axis, scalars without an axis; equal graphs, equal bytes."""
    import onnx

    content = doubling().model_bytes("1.2")
    assert content == doubling().model_bytes("1.2")
    model = onnx.load_from_string(content)
    assert (model.ir_version, model.opset_import[0].version) == (10, 22)
    assert (model.producer_name, model.producer_version) == ("graphnet", "1.2")
    dims = model.graph.input[0].type.tensor_type.shape.dim
    assert (dims[0].dim_param, dims[1].dim_value) == (BATCH, 2)
    assert list(model.graph.initializer[0].dims) == []


@needs_onnx
def test_what_is_wrong_is_found():
    """By the checker, before a byte is written."""
    graph = doubling()
    graph.add("more", "Gemm", ["x"], ["z"])
    with pytest.raises(SpecError, match="onnx's checker refuses what was made of net 'n'"):
        graph.model_bytes("1")


@needs_onnx
def test_too_large(monkeypatch):
    """A message of protobuf has a limit; the message says what to do."""
    monkeypatch.setattr(building, "MOST_BYTES", 3)
    with pytest.raises(SpecError, match="has 4 bytes of params, and a file of ONNX holds 3"):
        doubling().model_bytes("1")
