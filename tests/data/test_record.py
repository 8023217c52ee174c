"""What is recorded of samples, and read back."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

import graphnet as gn
from graphnet.data.record import DataRecord, LayerRecord, class_names, record_of
from graphnet.data.source import open_first

NAMES = ("cat", "dög")


@pytest.fixture
def packed(tmp_path):
    """A file as ``graphnet data pack`` writes it, of pictures and their classes."""
    path = tmp_path / "train.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.linspace(0, 1, 100 * 12, dtype="f4").reshape(100, 3, 2, 2)
        file["label"] = np.arange(100, dtype="i4") % 2
        file.attrs["classes"] = json.dumps(NAMES)
        file.attrs["made by"] = "somebody"
        file.attrs["number"] = 3
    return path


def test_a_file_is_described(packed):
    """Shapes, types, names of classes, and the texts among its attributes."""
    found = record_of(open_first(str(packed), ["data", "label"]))
    assert found.shapes == {"data": (3, 2, 2), "label": ()}
    assert found.types == {"data": "float32", "label": "int32"}
    assert found.classes == {"label": NAMES}
    assert found.attributes == {"made by": "somebody"}
    assert found.highest == {"data": pytest.approx((64 * 12 - 1) / 1199)}, "of the first rows"


@pytest.mark.parametrize(
    ("text", "shapes", "expected"),
    [
        ('["a", "b"]', {"x": (3,), "label": ()}, {"label": ("a", "b")}),
        ('["a", "b"]', {"x": (3,), "kind": (1,)}, {"kind": ("a", "b")}),
        ('["a", "b"]', {"x": (), "kind": (1,)}, {}),
        ('{"kind": ["a"], "gone": ["b"], "odd": "c"}', {"kind": (), "odd": ()}, {"kind": ("a",)}),
        ("[]", {"label": ()}, {}),
        ("[1, 2]", {"label": ()}, {}),
        ("no JSON", {"label": ()}, {}),
        ("", {"label": ()}, {}),
    ],
)
def test_names_of_classes(text, shapes, expected):
    """Of the label, or of the only top that may be one; what is no list of names says nothing."""
    assert class_names(text, shapes) == expected


def test_it_is_written_and_read():
    """As JSON; the means are arrays, and are kept beside it."""
    layer = LayerRecord(phase="train", shapes={"x": (2,)}, classes={"x": NAMES}, highest={"x": 1.5})
    record = DataRecord({"data": layer}, {"data/x/0": np.ones(2)})
    assert DataRecord.read(record.to_json(), record.means) == record
    assert not DataRecord().to_json()


@pytest.mark.parametrize("text", ["", "[]", "no JSON", '{"data": 3}', '{"data": {"unknown": 1}}'])
def test_what_cannot_be_read_is_left_out(text):
    """The params are of use without it."""
    assert DataRecord.read(text, {}) == DataRecord()


def test_of_several_layers_the_one_of_the_phase_is_asked():
    """The classes are those that the net has learned."""
    record = DataRecord(
        {
            "test": LayerRecord(phase="test", shapes={"x": (2,)}, classes={"x": ("b", "a")}),
            "train": LayerRecord(phase="train", shapes={"x": (3,)}, classes={"x": NAMES}),
        }
    )
    name, found = record.of_top("x") or ("", LayerRecord())
    assert (name, found.shapes["x"]) == ("test", (2,))
    assert record.of_top("x", "train") == ("train", record.layers["train"])
    assert record.of_top("y") is None
    assert record.classes("x") == NAMES
    assert record.classes("y") == ()


def test_the_means_in_files_are_kept(packed, tmp_path):
    """Which the transformer then needs no more."""
    with h5py.File(tmp_path / "mean.h5", "w") as file:
        file["mean"] = np.full((1, 3, 2, 2), 0.25)
    source = {"name": "d", "type": "HDF5Data", "source": str(packed), "batch_size": 5}
    sub = {"type": "SubMean", "mean_file": str(tmp_path / "mean.h5")}
    layers = [source | {"transformers": {"data": [{"type": "Scale", "scale": 2}, sub]}}]
    net = gn.load_net({"layers": layers})
    found = net.data_record()
    assert list(found.means) == ["d/data/1"]
    kept = gn.transformers.SubMean(mean_file="mean.h5").with_fitted(found.means["d/data/1"])
    (tmp_path / "mean.h5").unlink()
    x = np.ones((5, 3, 2, 2), "f4")
    kept.bind((3, 2, 2), 5, np.dtype("f4"), 0)(x, x, None)
    np.testing.assert_array_equal(x, 0.75)
    assert not net.data_record().means, "the file is not there any more"
