"""What is said of files that are no HDF5 files."""

import gzip

import numpy as np
import pytest

from graphnet.data.file_kind import is_table, what_else
from graphnet.data.regular_file import first_bytes


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(b"x", mtime=0), "is packed with gzip\n  unpack it: gunzip '{}'"),
        (b"MATLAB 5.0 MAT-file", "is a MATLAB file of before version 7.3, which is not HDF5\n"),
        (b"CDF\x01", "is a classic netCDF file, which is not HDF5\n  convert it: nccopy -k nc4"),
        (
            b"\x89PNG\r\n",
            "is a picture\n  make an HDF5 file of it: graphnet data pack FOLDER --to ",
        ),
        (
            b"\0\0\x08\x03",
            "is an IDX file\n  make an HDF5 file of it: graphnet data pack data='{}' label=LABELS",
        ),
        (
            b"a,label\n1,2\n3,4\n",
            "is a table of text\n  make an HDF5 file of it: graphnet data pack '{}' --to ",
        ),
        (b"<!DOCTYPE html>", "is a web page\n"),
        (b"hello\nworld\n", "is a text, not an HDF5 file\n  expected an HDF5 file with one"),
        (b"\x01\x02", "is not an HDF5 file\n  expected an HDF5 file with one"),
        (b"", "is empty (0 bytes)\n  expected an HDF5 file with one"),
    ],
)
def test_what_else(tmp_path, content, said):
    """What it is, and how it becomes one; the command can be copied whatever the name."""
    path = tmp_path / "my file"
    path.write_bytes(content)
    found = what_else(path, first_bytes(path))
    assert found.startswith(f"{path} {said.format(path)}")
    assert "{" not in found
    if "data pack" in found:
        assert found.endswith(f" --to '{path}-packed'\n  then: source: '{path}-packed'/train.h5")


def test_a_numpy_file(tmp_path):
    """Which needs a name for each array."""
    np.save(tmp_path / "x.npy", np.ones(3))
    found = what_else(tmp_path / "x.npy", first_bytes(tmp_path / "x.npy"))
    assert f"graphnet data pack data={tmp_path}/x.npy label=LABELS.npy --to {tmp_path}/x\n" in found


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", "", True),
        ("a.TSV", "x", True),
        ("a.txt", "x;y\n1;2\n3;4\n", True),
        ("a.txt", "part-1.h5\npart-2.h5\n", False),
        ("a.txt", "some, words\nand more, words\nin a text\n", False),
        ("a.txt", "1,2\n3\n4,5\n", False),
    ],
)
def test_tables(tmp_path, name, text, expected):
    """By the name, or by lines that are parted alike and hold numbers."""
    assert is_table(tmp_path / name, text.encode()) is expected
    assert not is_table(tmp_path / name, b"\0\1\2")
