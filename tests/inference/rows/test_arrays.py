"""Rows of HDF5 and NumPy files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import graphnet as gn
from graphnet.inference.fed import FedBlob
from graphnet.inference.rows.arrays import ArrayRows, HDF5Rows, read_npz
from graphnet.net.predicting.feed import Feed

F4 = np.dtype("f4")


def blob(name, shape=None):
    return FedBlob(name, Feed(name, None, F4), shape)


def test_rows_of_hdf5(tmp_path):
    """In order, in blocks, with their places; the file is closed afterwards."""
    rows = np.arange(21.0).reshape(7, 3)
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file["x"], file["y"] = rows, np.arange(7)
    found = HDF5Rows(tmp_path / "r.h5", [blob("x", (3,)), blob("y", ())], "r.h5")
    assert found.n_rows == 7
    blocks = list(found.blocks(3))
    assert [len(b.places) for b in blocks] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate([b.arrays["x"] for b in blocks]), rows)
    assert blocks[2].places[0] == ("r.h5", "r.h5, row 6")
    with h5py.File(tmp_path / "r.h5", "a"):
        pass
    with pytest.raises(gn.ShapeError, match=r"r.h5: a row of 'x' is 3"):
        HDF5Rows(tmp_path / "r.h5", [blob("x", (4,))], "r.h5")


def test_rows_of_arrays():
    """The same."""
    rows = np.arange(6).reshape(3, 2)
    found = ArrayRows({"x": rows}, [blob("x", (2,))], "a.npy")
    blocks = list(found.blocks(2))
    np.testing.assert_array_equal(np.concatenate([b.arrays["x"] for b in blocks]), rows)
    assert [p.text for b in blocks for p in b.places] == [f"a.npy, row {i}" for i in range(3)]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.array(["a"])}, "a: does not hold an array of numbers, but of <U1"),
        ({"x": np.float32(1)}, "a: 'x' has no rows"),
        ({"x": np.zeros((0, 2))}, "a: 'x' has no rows: its shape is 0×2"),
        ({"x": np.zeros(2)}, "a: this is one row of 'x'\n  add an axis"),
        ({"x": np.zeros((2, 3))}, "a: a row of 'x' is 3, and the net was made for 2"),
        ({"x": np.zeros((2, 2)), "y": np.zeros(3)}, "a: the blobs disagree .*'x' has 2, 'y' has 3"),
    ],
)
def test_arrays_that_do_not_fit(arrays, message):
    """What is wrong, and the cure."""
    blobs = [blob("x", (2,)), *([blob("y")] if "y" in arrays else [])]
    arrays = {name: np.asarray(a) for name, a in arrays.items()}
    with pytest.raises(gn.GraphnetError, match=message):
        ArrayRows(arrays, blobs, "a")


def test_packed_arrays(tmp_path):
    """By name, compressed or not; of one array for one blob the name does not matter."""
    rows, other = np.arange(6.0).reshape(3, 2), np.arange(3)
    np.savez_compressed(tmp_path / "two.npz", x=rows, y=other)
    np.savez(tmp_path / "one.npz", rows)
    (tmp_path / "u").mkdir()
    found = read_npz(tmp_path / "two.npz", [blob("y"), blob("x")], "two.npz", tmp_path / "u")
    np.testing.assert_array_equal(found["x"], rows)
    np.testing.assert_array_equal(found["y"], other)
    found = read_npz(tmp_path / "one.npz", [blob("x")], "one.npz", tmp_path / "u")
    np.testing.assert_array_equal(found["x"], rows)
    with pytest.raises(gn.DataError, match=r"two.npz has no array 'z'.*\n  it has: x, y"):
        read_npz(tmp_path / "two.npz", [blob("z")], "two.npz", tmp_path / "u")
    (tmp_path / "bad.npz").write_bytes(b"PK no archive")
    with pytest.raises(gn.DataError, match=r"bad.npz: cannot be read: .*\n  expected arrays"):
        read_npz(tmp_path / "bad.npz", [blob("z")], "bad.npz", tmp_path / "u")


def test_pickles_are_never_opened(tmp_path):
    """They could run any code."""
    np.savez(tmp_path / "o.npz", x=np.array([{"a": 1}], object))
    with pytest.raises(gn.DataError, match=r"cannot be read|does not hold"):
        ArrayRows(read_npz(tmp_path / "o.npz", [blob("x")], "o.npz", tmp_path), [blob("x")], "o")
