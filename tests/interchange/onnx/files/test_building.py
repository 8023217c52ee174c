"""Graphs of ONNX while they are made."""

import numpy as np
import pytest
from support.onnx_files import needs_onnx

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.building import BATCH, OnnxGraph, with_batch


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
def test_large_constants_are_written_by_themselves():
    """Onnx reads the file as if protobuf had written it; a transposed one comes in order."""
    import onnx

    graph, wide = doubling(), np.arange(6000, dtype=np.float32).reshape(60, 100).T
    graph.add("more", "Identity", [graph.constant("wide", wide)], ["z"])
    assert list(graph.large) == ["wide"]
    model = onnx.load_from_string(graph.model_bytes("1"))
    found = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    assert found.keys() == {"two", "wide"}
    assert np.array_equal(found["wide"], wide)
    assert graph.file("1").n_bytes == len(graph.model_bytes("1"))


@needs_onnx
def test_two_files(tmp_path):
    """The values of each large constant begin at a page of the file beside it."""
    import onnx

    graph = doubling()
    for i in range(3):
        wide = np.full((50, 30), i, np.float32)
        graph.add(f"more{i}", "Identity", [graph.constant(f"wide{i}", wide)], [f"z{i}"])
    content = graph.file("1", "m.data")
    with (tmp_path / "m.onnx").open("wb") as output, (tmp_path / "m.data").open("wb") as values:
        content.write(output)
        assert content.write_values(values) == 2 * 8192 + 6000
    assert (tmp_path / "m.onnx").stat().st_size < 2000
    model = onnx.load(tmp_path / "m.onnx", load_external_data=False)
    offsets = [t.external_data[1].value for t in model.graph.initializer if t.external_data]
    assert offsets == ["0", "8192", "16384"]
    model = onnx.load(tmp_path / "m.onnx")
    last = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}["wide2"]
    assert (last == 2).all()
