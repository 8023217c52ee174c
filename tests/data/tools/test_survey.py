"""What is found in a data file, and what is wrong with it."""

import h5py
import numpy as np
import pytest
from support.data_layers import write_h5

from graphnet.data.tools import survey as module
from graphnet.data.tools.survey import survey
from graphnet.errors import DataError

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    """A few rows at a time."""
    monkeypatch.setattr(module, "_BLOCK_BYTES", 100)


def only(path, name="x"):
    return next(s for s in survey(str(path)).sets if s.name == name)


def problems(tmp_path, **arrays):
    return survey(str(write_h5(tmp_path / "a.h5", **arrays))).all_problems


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i8"])
def test_statistics(tmp_path, dtype):
    """Over all blocks, as of all values at once; far from zero, too."""
    x = (RNG.normal(size=(50, 3, 2)) * 9 + 100).astype(dtype)
    found = only(write_h5(tmp_path / "a.h5", x=x))
    assert (found.shape, found.dtype, found.storage) == ((50, 3, 2), x.dtype, "contiguous")
    assert (found.low, found.high) == (x.min(), x.max())
    assert found.mean == pytest.approx(x.mean(dtype=float), rel=1e-12)
    assert found.std == pytest.approx(x.std(dtype=float), rel=1e-9)
    assert found.problems == []
    assert found.classes == {}


def test_missing_values(tmp_path):
    """What the file declares to be missing is counted, and is no number of the statistics."""
    path = write_h5(tmp_path / "a.h5", x=np.array([[1, -9], [3, 5], [-9, -9]], "i4"))
    with h5py.File(path, "r+") as f:
        f["x"].attrs["_FillValue"] = -9
    found = only(path)
    assert (found.low, found.high, found.mean, found.n_missing) == (1, 5, 3, 3)
    assert found.problems == ["has 3 values that the file declares to be missing"]


def test_storage(tmp_path):
    """Chunks and compression."""
    options = {"chunks": (4, 2), "compression": "gzip"}
    path = write_h5(tmp_path / "a.h5", options, x=RNG.random((10, 2)))
    assert only(path).storage == "chunks of 4×2 gzip"


@pytest.mark.parametrize("shape", [(6,), (6, 1)])
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_classes(tmp_path, shape, dtype):
    """Counted where a row is one whole number."""
    label = np.array([2, 0, 1, 2, 2, 0], dtype).reshape(shape)
    assert only(write_h5(tmp_path / "a.h5", x=label)).classes == {0: 2, 1: 1, 2: 3}


def test_too_many_to_be_classes(tmp_path):
    """Above a thousand different numbers they are not listed."""
    assert only(write_h5(tmp_path / "a.h5", x=np.arange(1001))).classes == {}
    assert len(only(write_h5(tmp_path / "b.h5", x=np.arange(1000))).classes) == 1000


def test_values_that_are_not_finite(tmp_path):
    """They are counted, and the statistics are those of the rest."""
    x = RNG.random((40, 2))
    x[3, 1], x[30, 0], x[31, 0] = np.nan, np.inf, -np.inf
    path = write_h5(tmp_path / "a.h5", x=x)
    found = only(path)
    rest = x[np.isfinite(x)]
    assert found.problems == ["has 1 values that are NaN", "has 2 infinite values"]
    assert (found.low, found.high) == (rest.min(), rest.max())
    assert found.mean == pytest.approx(rest.mean())
    assert found.std == pytest.approx(rest.std())
    nothing = only(write_h5(tmp_path / "b.h5", x=np.full((4, 2), np.nan)))
    assert np.isnan([nothing.low, nothing.high, nothing.mean, nothing.std]).all()


def test_large_values_are_finite(tmp_path):
    """A sum that overflows is no infinite value."""
    assert problems(tmp_path, x=[[1e308, 1.0], [1.7e308, 1.5]]) == []


def test_problems(tmp_path):
    """What may be wrong is said in words."""
    x = RNG.random((5, 3))
    x[:, 1] = 7
    assert problems(tmp_path, data=x) == ["'data' has 1 of 3 features that never change"]
    assert problems(tmp_path, data=np.ones((5, 3))) == ["'data' has the same values in every row"]
    assert problems(tmp_path, label=[0, 0]) == ["'label' is 0 in every row"]
    assert problems(tmp_path, label=[0, 1.5]) == ["'label' holds 1.5: a class is a whole number"]
    assert problems(tmp_path, label=[0, -1]) == ["'label' holds -1: classes are counted from 0"]
    assert problems(tmp_path, label=[1, 4, 0]) == ["'label' has no sample of class 2, 3"]
    many = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"
    assert problems(tmp_path, label=[11, 12]) == [f"'label' has no sample of class {many}"]
    assert problems(tmp_path, label=[[1, 0], [0, 1]]) == [
        "'label' has 2 values a row, where one class is usual"
    ]
    assert problems(tmp_path, label=[0, 1, 2], data=[0.5, 1]) == [
        "the data sets have unequal numbers of rows: 'data' 2, 'label' 3"
    ]


def test_classes_far_apart(tmp_path):
    """Of the endless gaps between them a few are named."""
    path = write_h5(tmp_path / "a.h5", label=np.array([0, 2**62, 1, 0]))
    (found,) = survey(str(path)).all_problems
    assert found == "'label' has no sample of class 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …"


def test_names_that_are_not_text(tmp_path):
    """They are shown, and what has a name is looked at."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = [1, 2]
        space = h5py.h5s.create_simple((3,))
        h5py.h5d.create(file.id, b"\xff", h5py.h5t.IEEE_F32LE, space)
    found = survey(str(tmp_path / "a.h5"))
    assert [s.name for s in found.sets] == ["x"]
    assert "xff" in found.problems[0]


def test_what_cannot_be_learned_from(tmp_path):
    """Text and empty data sets are named, the rest is looked at."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["names"] = ["a", "b"]
        file["x"] = [1, 2]
    found = survey(str(tmp_path / "a.h5"))
    assert [s.name for s in found.sets] == ["x"]
    assert found.problems == ["data set 'names' holds text, references or lists, not numbers"]
    with h5py.File(tmp_path / "b.h5", "w"):
        pass
    assert survey(str(tmp_path / "b.h5")).problems == ["there is no data set to learn from"]


def test_a_named_set():
    """By the name that a net gives it."""
    found = survey("dataset:iris/test")
    assert {s.name: s.shape for s in found.sets} == {"data": (30, 4), "label": (30,)}
    assert found.sets[1].classes == {0: 10, 1: 10, 2: 10}
    assert found.all_problems == []


def test_no_such_file(tmp_path):
    """As everywhere."""
    with pytest.raises(DataError, match=r"cannot read .*nope\.h5"):
        survey(str(tmp_path / "nope.h5"))
    (tmp_path / "a.h5").write_text("text")
    with pytest.raises(DataError, match="is a text, not an HDF5 file"):
        survey(str(tmp_path / "a.h5"))


def test_class_names(tmp_path):
    """As the file says; labels that have none are told."""
    path = write_h5(tmp_path / "a.h5", label=[0, 2, 1])
    for text, names in (
        ('["a", "b", "c"]', ("a", "b", "c")),
        ('["a", 2]', ()),
        ("not JSON", ()),
        ('{"a": 1}', ()),
        ("[" * 100_000, ()),
    ):
        with h5py.File(path, "r+") as file:
            file.attrs["classes"] = text
        assert survey(str(path)).class_names == names
        assert survey(str(path)).all_problems == []
    with h5py.File(path, "r+") as file:
        file.attrs["classes"] = '["a", "b"]'
    assert survey(str(path)).all_problems == ["the file names 2 classes, and 'label' holds 2"]
    with h5py.File(path, "r+") as file:
        file.attrs["classes"] = [1, 2]
    assert survey(str(path)).class_names == ()


def test_large_whole_numbers(tmp_path):
    """They are told as they are stored, not as the nearest floating-point number."""
    label = np.array([2**53 + 1, 2**62 + 1], np.int64)
    found = only(write_h5(tmp_path / "a.h5", x=label))
    assert found.classes == {2**53 + 1: 1, 2**62 + 1: 1}
    assert (found.low, found.high) == (2**53 + 1, 2**62 + 1)


def test_matlab(tmp_path):
    """Its order of axes is told: what a user takes for samples may be features."""
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        data = file.create_dataset("data", data=RNG.random((3, 4)))
        data.attrs["MATLAB_class"] = np.bytes_("double")
    (found,) = survey(str(tmp_path / "a.mat")).all_problems
    assert found.startswith("MATLAB's axes are in reverse order here")
