"""HDF5Data: what it declares, and what it shares with AsyncHDF5Data."""

from pathlib import Path

import numpy as np
import pytest
from support.data_layers import layer_of, numbered, write_h5
from support.hdf5_conformance import Conformance

from graphnet.errors import DataError, ShapeError, SpecError
from graphnet.layers.data.hdf5_data import HDF5Data


def spec(source="dataset:mnist/train", **keys):
    return HDF5Data(**({"name": "data", "source": source, "batch_size": 10} | keys))


class TestConformance(Conformance):
    """The common behaviour."""

    spec = HDF5Data


def test_reads_into_the_tops(tmp_path):
    """On the NumPy backend batches are made in the tops themselves."""
    layer = layer_of(spec(str(numbered(tmp_path / "a.h5", 0, 20))))
    assert all(t is top.data for t, top in zip(layer._targets, layer.tops, strict=True))
    layer.close()


def test_backend_with_memory_of_its_own(tmp_path):
    """Elsewhere a batch is made in host memory and uploaded."""
    layer = layer_of(spec(str(numbered(tmp_path / "a.h5", 0, 20))))
    targets = [np.empty_like(top.data) for top in layer.tops]
    layer._make = layer._batches.bind(targets)
    layer._uploads = [(array, t.data) for array, t in zip(targets, layer.tops, strict=True)]
    layer.forward()
    assert layer.tops[1].data.tolist() == list(range(10))
    layer.close()


def test_shapes_of_a_named_set(monkeypatch, tmp_path):
    """A named set needs neither file nor network to have shapes."""
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    assert spec().top_shapes([]) == [(10, 1, 28, 28), (10,)]
    crop = {"data": [{"type": "RandomCrop", "crop_size": 20}]}
    assert spec(transformers=crop).top_shapes([]) == [(10, 1, 20, 20), (10,)]


def test_shapes_of_files(tmp_path):
    """A file's header is read, or nothing where the shapes are stated."""
    assert spec(str(numbered(tmp_path / "a.h5", 0, 3))).top_shapes([]) == [(10, 2), (10,)]
    stated = spec("nowhere.h5", shapes={"data": [3, 4], "label": []})
    assert stated.top_shapes([]) == [(10, 3, 4), (10,)]
    with pytest.raises(DataError, match=r"there is no file nowhere\.h5"):
        spec("nowhere.h5").top_shapes([])


def test_top_that_a_named_set_lacks():
    """A top must be one of the set's data sets."""
    with pytest.raises(
        DataError,
        match=r"source has no data set 'labels'\n  it has: data, label\n  did you mean 'label'\?",
    ):
        spec(tops=("data", "labels")).top_shapes([])


def test_transformer_that_cannot_take_the_samples():
    """A transformer's complaint names the top."""
    with pytest.raises(ShapeError, match="top 'data': the mean to subtract is 3, but a sample is"):
        spec(transformers={"data": [{"type": "SubMean", "mean": [1.0, 2.0, 3.0]}]}).top_shapes([])


def test_missing_set(monkeypatch, tmp_path):
    """A net over a set that is not there can be checked but not built."""
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    with pytest.raises(
        DataError, match=r"'mnist' is not on this machine .*\n.*graphnet data mnist"
    ):
        layer_of(spec())


def test_relative_to():
    """Paths are taken from the YAML's folder: source, fall-back and a mean's file."""
    declared = spec(
        "a.h5",
        otherwise=["b/*.h5", "dataset:iris/train"],
        transformers={"data": [{"type": "SubMean", "mean_file": "mean.h5"}, "Scale"]},
    )
    found = declared.relative_to(Path("/nets"))
    assert found.source == "/nets/a.h5"
    assert found.otherwise == ("/nets/b/*.h5", "dataset:iris/train")
    assert found.transformers["data"][0].mean_file == "/nets/mean.h5"
    assert found.relative_to(Path("/other")) == found
    assert spec().relative_to(Path("/nets")) == spec()


def test_relative_mean_file_is_read(tmp_path):
    """The mean beside the YAML is the one subtracted."""
    numbered(tmp_path / "a.h5", 0, 10)
    write_h5(tmp_path / "mean.h5", mean=np.array([4.0, -4.0]))
    transformers = {"data": [{"type": "SubMean", "mean_file": "mean.h5"}]}
    layer = layer_of(spec("a.h5", transformers=transformers).relative_to(tmp_path))
    layer.forward()
    assert layer.tops[0].data[:, 0].tolist() == list(range(-4, 6))
    layer.close()


def test_otherwise(monkeypatch, tmp_path):
    """The fall-back takes the source's place, and only once."""
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    declared = spec(otherwise="dataset:digits28/train")
    assert not declared.is_available()
    taken = declared.fall_back
    assert taken.is_available()
    assert (taken.source, taken.otherwise) == ("dataset:digits28/train", None)
    assert taken.fall_back is None
    with pytest.raises(DataError, match="'mnist' is not on this machine, and downloads are off"):
        declared.fetch(offline=True)
    taken.fetch(offline=True)


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"source": 5}, "expected dataset:NAME/SPLIT, a path, or a list of these"),
        ({"source": ["a.h5", 5]}, "expected dataset:NAME/SPLIT, a path, or a list of these"),
        ({"source": []}, "the source is an empty list"),
        (
            {"source": "dataset:mnits/train"},
            "there is no data set 'dataset:mnits/train'\n  did you",
        ),
        ({"otherwise": "dataset:iris"}, "there is no data set 'dataset:iris'\n  did you mean"),
        ({"rows": "5"}, "expected START:STOP, such as '0:50000' or '80%:'"),
        ({"rows": 5}, "expected START:STOP"),
        ({"batch_size": 0}, "expected more than 0"),
        (
            {"transformers": {"dato": ["Scale"]}},
            "names 'dato', which is not one of the tops\n  did",
        ),
        ({"transformers": {"data": ["Scal"]}}, "unknown type 'Scal'\n  did you mean 'Scale'"),
        ({"shapes": {"data": [2]}}, "'shapes' leaves out 'label'"),
        ({"shapes": {"data": [0], "label": []}}, "expected more than 0"),
        ({"shuffel": True}, "unknown key 'shuffel'\n  did you mean"),
    ],
)
def test_refused(keys, match):
    """Mistakes that need no file are found when the YAML is read."""
    with pytest.raises(SpecError, match=match):
        spec(**keys)


def test_schema():
    """The properties have a JSON Schema for editors."""
    properties = HDF5Data.model_json_schema()["properties"]
    assert {"source", "otherwise", "rows", "transformers", "buffer_bytes"} <= properties.keys()
