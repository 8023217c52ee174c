"""Data layers, and what is done to samples on their way in."""

import h5py
import numpy as np
import pytest
from support import caffe_files as made
from support.caffe_nets import layers_of, refused, translated

DATA = """type: "Data" top: "d" top: "n" transform_param { %s }
 data_param { source: "some/train_lmdb" batch_size: 8 backend: LMDB }"""


def test_inputs():
    """The batch axis apart; a layer for each number of rows."""
    found = translated(
        'layer { name: "in" type: "Input" top: "a" top: "b" top: "c" input_param {'
        " shape { dim: [2, 3] } shape { dim: [4, 3] } shape { dim: 2 } } }"
    )
    first, second = found.layers[0].made.layers
    assert (first["batch_size"], first["shapes"]) == (2, {"a": [3], "c": []})
    assert (second["batch_size"], second["tops"]) == (4, ["b"])


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("", "says nothing of its shapes"),
        ("shape { }", "the batch axis first"),
        ("shape { dim: [2, 0] }", "has the shape 2×0"),
    ],
)
def test_inputs_without_a_batch_axis(shape, said):
    """Refused."""
    text = f'layer {{ name: "in" type: "Input" top: "a" input_param {{ {shape} }} }}'
    assert said in translated(text).problems[0].message


def test_hdf5_data(tmp_path):
    """The files that the list names, and the shapes in them."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["d"] = np.zeros((5, 3), np.float32)
    (tmp_path / "list.txt").write_text("a.h5\n")
    text = (
        'layer { name: "h" type: "HDF5Data" top: "d" hdf5_data_param {'
        ' source: "list.txt" batch_size: 4 shuffle: true } }'
        'layer { name: "i" type: "InnerProduct" bottom: "d" top: "i"'
        ' inner_product_param { num_output: 2 weight_filler { type: "msra"'
        " variance_norm: FAN_OUT } } }"
    )
    found = translated(text, folder=tmp_path)
    assert found.layers[0].made.layers[0] == {
        "name": "h", "type": "HDF5Data", "bottoms": [], "tops": ["d"],
        "source": str(tmp_path / "a.h5"), "batch_size": 4, "shuffle": True,
    }  # fmt: skip
    assert found.layers[1].params["i", "weight"].shape == (2, 3)
    (tmp_path / "list.txt").write_text("none.h5")
    assert "are not here: none.h5" in translated(text, folder=tmp_path).layers[0].made.notes[0]


def test_database():
    """HDF5 in its place, and what is to be written there."""
    (layer,) = layers_of(DATA % "scale: 0.5 mean_value: [1, 2, 3] mirror: true")
    assert layer["source"].endswith("/train_lmdb.h5")
    assert layer["transformers"] == {
        "d": [
            {"type": "SubMean", "mean": [1.0, 2.0, 3.0]},
            {"type": "RandomMirror"},
            {"type": "Scale", "scale": 0.5},
        ]
    }


def test_crops():
    """Anywhere in training, the middle in testing, from where readers then take it."""
    (layer,) = layers_of(DATA % "crop_size: 5", "TRAIN")
    assert layer["transformers"] == {"d": [{"type": "RandomCrop", "crop_size": [5, 5]}]}
    layer, crop = layers_of(DATA % "crop_size: 5")
    assert "transformers" not in layer
    assert crop["tops"] == ["d.crop"]
    found = translated(
        f'layer {{ name: "l" {DATA % "crop_size: 5"} }}'
        'layer { name: "r" type: "ReLU" bottom: "d" top: "r" }'
    )
    assert found.layers[1].made.layers[0]["bottoms"] == ["d.crop"]


def test_mean_files(tmp_path):
    """Its numbers, where nothing is written."""
    mean = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2)
    (tmp_path / "m.binaryproto").write_bytes(made.blob(mean, "legacy"))
    body = DATA % 'mean_file: "m.binaryproto"'
    (layer,) = layers_of(body, folder=tmp_path)
    assert layer["transformers"]["d"] == [{"type": "SubMean", "mean": mean[0].tolist()}]
    found = translated(f'layer {{ name: "l" {body} }}').layers[0].made
    assert "the mean 'm.binaryproto' is not here" in found.notes[1]


def test_other_sources():
    """Pictures by a list, arrays in memory, constants."""
    (layer,) = layers_of(
        'type: "ImageData" top: "d" top: "n" image_data_param { source: "list.txt" shuffle: true }'
    )
    assert layer["source"].endswith("/list.h5")
    assert layer["shuffle"] is True
    (layer,) = layers_of(
        'type: "MemoryData" top: "d" top: "n"'
        " memory_data_param { batch_size: 2 channels: 3 height: 4 width: 5 }"
    )
    assert layer["shapes"] == {"d": [3, 4, 5], "n": [1, 1, 1]}
    (layer,) = layers_of(
        'type: "DummyData" top: "d" dummy_data_param { shape { dim: [2, 2] }'
        " data_filler { value: 3 } }"
    )
    assert layer["data"] == {"d": [[3.0, 3.0], [3.0, 3.0]]}


def test_hdf5_output():
    """Its data sets are called data and label."""
    (layer,) = layers_of(
        'type: "HDF5Output" bottom: "x" bottom: "label" hdf5_output_param { file_name: "o.h5" }'
    )
    assert layer["datasets"] == ["data", "label"]


def test_a_size_that_caffe_refuses():
    """One side alone."""
    listed = 'type: "ImageData" top: "d" top: "n" image_data_param { source: "l" new_%s: 3 }'
    for side in ("height", "width"):
        refused(listed % side, "alone, which Caffe refuses, too\n  give both")
