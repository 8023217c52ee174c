"""What can be packed: arrays."""

import gzip
import os

import numpy as np
import pytest

from graphnet.data.tools.packable import ArrayFiles
from graphnet.errors import DataError


def test_arrays(tmp_path):
    """NumPy and IDX files, each a data set; rows come in the order asked for."""
    x = np.arange(12, dtype=">f4").reshape(4, 3)
    np.save(tmp_path / "x.npy", x)
    idx = bytes([0, 0, 8, 1, 0, 0, 0, 4, 3, 1, 2, 0])
    (tmp_path / "y.gz").write_bytes(gzip.compress(idx))
    found = ArrayFiles({"data": tmp_path / "x.npy", "label": tmp_path / "y.gz"})
    assert found.data_sets == {"data": (np.dtype("f4"), (3,)), "label": (np.dtype("u1"), ())}
    rows = found.rows(np.array([2, 0]))
    assert rows["data"].tolist() == [[6, 7, 8], [0, 1, 2]]
    assert rows["label"].tolist() == [2, 3]
    assert (found.n_rows, found.labels.tolist(), found.classes) == (4, [3, 1, 2, 0], ())


def test_arrays_that_do_not_fit(tmp_path):
    """Unequal rows, text and files that are no arrays are refused; nothing is unpickled."""
    for name, values in {"a": [1, 2], "b": [1], "c": ["x"], "e": 3}.items():
        np.save(tmp_path / f"{name}.npy", values)
    np.save(tmp_path / "d.npy", np.array([{}], object))
    files = {name: tmp_path / f"{name}.npy" for name in "abcdef"}
    with pytest.raises(DataError, match=r"unequal numbers of rows:\n  .*a\.npy has 2\n  .*b\.npy"):
        ArrayFiles({"a": files["a"], "b": files["b"]})
    for name in "ce":
        with pytest.raises(DataError, match=r"holds an array of .*\n  expected numbers"):
            ArrayFiles({"x": files[name]})
    with pytest.raises(DataError, match=r"d\.npy: cannot be read: .*Python objects"):
        ArrayFiles({"x": files["d"]})
    with pytest.raises(DataError, match=r"cannot read .*f\.npy: No such file"):
        ArrayFiles({"x": files["f"]})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.npz", b"PK\3\4", "is a zip archive\n  expected one array, as numpy.save writes it or"),
        ("a.csv", b"1,2\n", "is a table of text\n"),
        ("a.h5", b"\x89HDF\r\n\x1a\n", "is an HDF5 file, and need not be packed\n"),
        ("a.idx", b"", "is empty"),
    ],
)
def test_files_that_hold_no_array(tmp_path, name, content, said):
    """What they are, and what was expected."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} {said}"):
        ArrayFiles({"data": tmp_path / name})


@pytest.mark.parametrize("name", ["pipe.npy", "pipe.gz"])
def test_a_pipe_is_no_array(tmp_path, name):
    """It is not waited for."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match=f"{name} is a named pipe"):
        ArrayFiles({"data": tmp_path / name})


def test_an_array_by_another_name(tmp_path):
    """NumPy's files are known by their first bytes."""
    np.save(tmp_path / "x.npy", np.arange(3))
    (tmp_path / "x.npy").rename(tmp_path / "x")
    assert ArrayFiles({"data": tmp_path / "x"}).n_rows == 3
