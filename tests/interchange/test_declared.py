"""Tests of nets that files of other programs declare."""

import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import model_of

from graphnet.declare.overrides import override, parse_override
from graphnet.errors import SpecError
from graphnet.interchange.declared import (
    check_samples_known,
    declared_elsewhere,
    translated_document,
)

DATABASE = """name: "small"
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
        data_param { source: "train_lmdb" batch_size: 4 backend: LMDB } }
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
        data_param { source: "test_lmdb" batch_size: 4 backend: LMDB } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
        inner_product_param { num_output: 3 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


@pytest.mark.parametrize("name", ["a.prototxt", "A.PROTOTXT", "a.caffemodel", "a.onnx"])
def test_endings(name, tmp_path):
    """Say whose a file is."""
    assert declared_elsewhere(tmp_path / name)
    assert not declared_elsewhere(tmp_path / f"{name}.yaml")


def test_layers_stand_where_the_prototxt_has_them(tmp_path):
    """So that a message names a line; what is so by default is not repeated."""
    file = tmp_path / "net.prototxt"
    file.write_text(DATABASE)
    found = translated_document(file)
    assert [layer["name"] for layer in found.value["layers"]] == ["data", "data", "ip", "loss"]
    assert [found.at(("layers", i)).line for i in range(4)] == [2, 4, 6, 8]
    ip = {"name": "ip", "type": "InnerProduct", "bottoms": ["data"], "tops": ["ip"]}
    assert found.value["layers"][2].items() >= ip.items()
    assert "axis" not in found.value["layers"][2]
    assert [path.name for path in tmp_path.iterdir()] == ["net.prototxt"]


def test_samples_that_are_not_here(tmp_path):
    """Each layer of them at its line, and what to write; with that said, nothing is missing."""
    file = tmp_path / "net.prototxt"
    file.write_text(DATABASE)
    with pytest.raises(SpecError, match="its samples are not here") as caught:
        check_samples_known(translated_document(file))
    first, second = caught.value.problems
    assert (first.position.line, second.position.line) == (2, 4)
    option = "'layers.1.shapes={data: [3, 224, 224], label: []}'"
    assert second.message.endswith(f": --set {option}")
    said = [parse_override(f"layers.{i}.shapes={{data: [1, 8, 8], label: []}}") for i in (0, 1)]
    check_samples_known(override(translated_document(file), said))


def test_no_such_file(tmp_path):
    """With the one that was probably meant."""
    (tmp_path / "lenet.prototxt").write_text(DATABASE)
    with pytest.raises(SpecError, match=r"there is no such file\n  did you mean '.*lenet.prototxt"):
        translated_document(tmp_path / "lenets.prototxt")


@needs_onnx
def test_onnx(tmp_path):
    """Its nodes, neurons joined to the layers that they follow."""
    model = model_of([("Relu", "x", "a"), ("Tanh", "a", "y")], {"x": (2, 3)})
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    found = translated_document(tmp_path / "net.onnx")
    assert found.value["name"] == "made"
    assert [layer["type"] for layer in found.value["layers"]] == ["Input", "ReLU", "Tanh"]
