"""Packing samples into HDF5 files: splits, mean, order, what is refused."""

import json

import h5py
import numpy as np
import pytest

from graphnet.data.csv.table import CsvTable
from graphnet.data.hdf5.reader import read_array
from graphnet.data.recipe.stored import read_recipe
from graphnet.data.tools.packable import ArrayFiles
from graphnet.data.tools.packing import PackOptions, pack
from graphnet.errors import DataError


@pytest.fixture
def samples(tmp_path):
    """Twenty rows of two numbers; 15 of class a, 5 of class b."""
    lines = [f"{i},{i * i},{'b' if i % 4 == 0 else 'a'}" for i in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")
    return CsvTable(tmp_path / "a.csv")


def packed(samples, folder, **options):
    """The contents of each file."""
    made = pack(samples, folder, PackOptions(**options))
    found = {}
    for name, (path, _) in made.items():
        with h5py.File(path) as file:
            found[name] = {key: file[key][()] for key in file}
    assert {p.name for p in folder.iterdir()} == {p.name for p, _ in made.values()}
    return found


def test_the_recipe(samples, tmp_path):
    """It stands in every file with rows; arrays have none."""
    pack(samples, tmp_path / "out", PackOptions(test_part=0.2, mean=True))
    for name, found in (("train", samples.recipe), ("test", samples.recipe), ("mean", None)):
        assert read_recipe(tmp_path / "out" / f"{name}.h5") == found
    assert [column.place for column in samples.recipe.columns] == [0, 1]
    assert samples.recipe.labels[0].words == ("a", "b")
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    pack(ArrayFiles({"data": tmp_path / "x.npy"}), tmp_path / "arrays", PackOptions())
    assert read_recipe(tmp_path / "arrays" / "train.h5") is None


def test_one_file(samples, tmp_path):
    """All rows, mixed, each data set in the same order; the classes' names stand in the file."""
    found = packed(samples, tmp_path / "out")
    assert list(found) == ["train"]
    data, label = found["train"]["data"], found["train"]["label"]
    assert sorted(data[:, 0]) == list(range(20)) != data[:, 0].tolist()
    assert np.array_equal(data[:, 1], data[:, 0] ** 2)
    assert np.array_equal(label, data[:, 0] % 4 == 0)
    with h5py.File(tmp_path / "out" / "train.h5") as file:
        assert json.loads(file.attrs["classes"]) == ["a", "b"]
        assert (file["data"].chunks, file["data"].compression) == ((20, 2), None)


def test_split_and_mean(samples, tmp_path):
    """Each class is split alike, no row is in both, and the mean is that of the training rows."""
    found = packed(samples, tmp_path / "out", test_part=0.2, mean=True)
    assert np.bincount(found["test"]["label"]).tolist() == [3, 1]
    rows = np.concatenate([found[s]["data"][:, 0] for s in ("train", "test")])
    assert sorted(rows) == list(range(20))
    np.testing.assert_allclose(found["mean"]["mean"], found["train"]["data"].mean(axis=0))


def test_seed_and_order(samples, tmp_path):
    """The same seed gives the same files; without mixing, rows keep their order in each."""
    first, again, other = (
        packed(samples, tmp_path / f"{i}", test_part=0.4, seed=seed)
        for i, seed in enumerate((1, 1, 2))
    )
    assert np.array_equal(first["test"]["data"], again["test"]["data"])
    assert not np.array_equal(first["test"]["data"], other["test"]["data"])
    kept = packed(samples, tmp_path / "kept", test_part=0.4, seed=1, shuffle=False)
    for name in ("train", "test"):
        assert np.array_equal(kept[name]["data"], np.sort(first[name]["data"], axis=0))


def test_compression(samples, tmp_path):
    """Asked for, chunks are compressed; the values are the same."""
    found = packed(samples, tmp_path / "out", compress=True, shuffle=False)
    assert found["train"]["data"][:, 0].tolist() == list(range(20))
    with h5py.File(tmp_path / "out" / "train.h5") as file:
        assert file["data"].compression == "gzip"


def test_many_blocks(samples, tmp_path, monkeypatch):
    """What is written in pieces is the same, and progress is told in bytes."""
    monkeypatch.setattr("graphnet.data.tools.packing._CHUNK_BYTES", 3 * 12)
    told = []
    pack(samples, tmp_path / "out", PackOptions(), lambda *args: told.append(args))
    assert told[0] == ("train.h5", 36, 240)
    assert told[-1] == ("train.h5", 240, 240)
    with h5py.File(tmp_path / "out" / "train.h5") as file:
        assert file["data"].chunks == (3, 2)
        assert sorted(file["data"][:, 0]) == list(range(20))


def test_files_that_are_there(samples, tmp_path):
    """They are kept, unless they may be replaced."""
    packed(samples, tmp_path / "out")
    with pytest.raises(DataError, match=r"train\.h5 exists already\n  to replace it: --force"):
        packed(samples, tmp_path / "out", test_part=0.5)
    assert packed(samples, tmp_path / "out", test_part=0.5, force=True)["test"]["label"].size == 10


def test_a_sample_that_cannot_be_read_leaves_nothing(samples, tmp_path, monkeypatch):
    """Neither a file nor a part of one."""

    def rows(numbers):
        if 3 in numbers:
            raise DataError("row 3 is bad")
        return CsvTable.rows(samples, numbers)

    monkeypatch.setattr("graphnet.data.tools.packing._CHUNK_BYTES", 12)
    monkeypatch.setattr(samples, "rows", rows)
    with pytest.raises(DataError, match="row 3 is bad"):
        pack(samples, tmp_path / "out", PackOptions(test_part=0.5))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("bad", [np.nan, -np.inf, 1e300])
def test_a_mean_of_what_is_not_finite(tmp_path, bad):
    """The file and the row are named, in the net's precision; nothing is left behind."""
    values = np.ones((20, 3))
    values[7, 1] = bad
    np.save(tmp_path / "x.npy", values)
    arrays = ArrayFiles({"data": tmp_path / "x.npy"})
    with pytest.raises(DataError, match=r"x\.npy, row 7: a value of 'data' is not finite, so"):
        pack(arrays, tmp_path / "out", PackOptions(mean=True))
    assert list((tmp_path / "out").iterdir()) == []
    assert (arrays.where(7), arrays.n_rows) == (f"{tmp_path / 'x.npy'}, row 7", 20)


def test_a_sum_too_large_for_a_mean(tmp_path):
    """No single value is to blame."""
    np.save(tmp_path / "x.npy", np.full((2, 3), 3e38))
    arrays = ArrayFiles({"data": tmp_path / "x.npy"})
    assert packed(arrays, tmp_path / "a", mean=True)["mean"]["mean"][0] == np.float32(3e38)
    huge = {"data": np.full((2, 3), 1.7e308)}
    arrays.arrays = huge
    with pytest.raises(DataError, match="is not finite, so there is no mean"):
        pack(arrays, tmp_path / "b", PackOptions(mean=True))


def test_mean_of_single_numbers(tmp_path):
    """It can be subtracted again: SubMean takes one number as a row of one."""
    np.save(tmp_path / "x.npy", np.arange(5.0))
    found = packed(ArrayFiles({"data": tmp_path / "x.npy"}), tmp_path / "out", mean=True)
    np.testing.assert_array_equal(found["mean"]["mean"], [2])
    assert read_array(tmp_path / "out" / "mean.h5", "mean").shape == (1,)


def test_where_samples_are(samples, tmp_path):
    """A table's by line, so that it can be found in an editor."""
    assert samples.where(3) == f"{tmp_path / 'a.csv'}:4"


def test_options_that_cannot_be(samples, tmp_path):
    """An empty split, and a mean of nothing."""
    for part in (0.01, 1.0):
        with pytest.raises(DataError, match=r"leaves one of the files without samples\n.*are 20"):
            packed(samples, tmp_path / "out", test_part=part)
    samples.data_sets = {"x": samples.data_sets["data"]}
    with pytest.raises(DataError, match="the mean is that of 'data', but there is x"):
        packed(samples, tmp_path / "out", mean=True)
