"""Files that are written row by row and appear when they are complete."""

import h5py
import numpy as np
import pytest

from graphnet.data.hdf5_writer import HDF5Writer
from graphnet.errors import DataError


def rows(n, start=0, width=3):
    return np.arange(start * width, (start + n) * width, dtype=np.float32).reshape(n, width)


def test_rows_add_up(tmp_path):
    """The rows of all calls come one after another, in chunks of a batch, without a limit."""
    path = tmp_path / "made" / "out.h5"
    writer = HDF5Writer(path, ["x", "y"], [(4, 3), (4,)], overwrite=False)
    for n, start in ((4, 0), (4, 4), (1, 8)):
        writer.append([rows(n, start), np.arange(start, start + n, dtype=np.float64)])
    writer.close()
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["x"], rows(9))
        np.testing.assert_array_equal(file["y"], np.arange(9.0))
        assert (file["x"].dtype, file["y"].dtype) == (np.float32, np.float64)
        assert (file["x"].chunks, file["y"].chunks) == ((4, 3), (4,))
        assert file["x"].maxshape == (None, 3)


def test_appears_when_closed(tmp_path):
    """Until it is closed the file has another name; without rows there is none at all."""
    path = tmp_path / "out.h5"
    writer = HDF5Writer(path, ["x"], [(4, 3)], overwrite=False)
    assert list(tmp_path.iterdir()) == []
    writer.append([rows(2)])
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5.unfinished"]
    writer.close()
    writer.close()
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5"]
    HDF5Writer(tmp_path / "none.h5", ["x"], [(4, 3)], overwrite=False).close()
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5"]


def test_existing_file(tmp_path):
    """A file that is there is refused before anything is written, or replaced as a whole."""
    path = tmp_path / "out.h5"
    path.write_text("precious")
    with pytest.raises(DataError, match=r"out.h5 exists already\n.*force_overwrite: true"):
        HDF5Writer(path, ["x"], [(4, 3)], overwrite=False)
    writer = HDF5Writer(path, ["x"], [(4, 3)], overwrite=True)
    writer.append([rows(1)])
    assert path.read_text() == "precious"
    writer.close()
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["x"], rows(1))


def test_file_that_appears_meanwhile(tmp_path):
    """A file of the name that came after the beginning is not replaced either."""
    path = tmp_path / "out.h5"
    writer = HDF5Writer(path, ["x"], [(4, 3)], overwrite=False)
    writer.append([rows(1)])
    path.write_text("precious")
    with pytest.raises(DataError, match="exists already"):
        writer.close()
    assert path.read_text() == "precious"


def test_left_over(tmp_path):
    """What an earlier crash has left is overwritten."""
    (tmp_path / "out.h5.unfinished").write_text("half a file")
    writer = HDF5Writer(tmp_path / "out.h5", ["x"], [(4, 3)], overwrite=False)
    writer.append([rows(2)])
    writer.close()
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5"]


def test_two_writers(tmp_path):
    """A second writer of the same file is refused while the first is at work."""
    first, second = (
        HDF5Writer(tmp_path / "out.h5", ["x"], [(4, 3)], overwrite=False) for _ in range(2)
    )
    first.append([rows(1)])
    with pytest.raises(DataError, match="another layer or process is writing it"):
        second.append([rows(1)])
    first.close()


def test_unwritable(tmp_path):
    """Where the file cannot be made the error names it."""
    (tmp_path / "file").write_text("")
    writer = HDF5Writer(tmp_path / "file" / "out.h5", ["x"], [(4, 3)], overwrite=False)
    with pytest.raises(DataError, match=r"cannot write .*out.h5: .*"):
        writer.append([rows(1)])


def test_failure_leaves_nothing(tmp_path, monkeypatch):
    """Where writing fails half-way, closing does not make a file of what there is."""
    writer = HDF5Writer(tmp_path / "out.h5", ["x", "y"], [(4, 3), (4, 3)], overwrite=False)
    writer.append([rows(4), rows(4)])

    def full(*_args, **_options):
        raise OSError("no space left on device")

    monkeypatch.setattr(h5py.Dataset, "resize", full)
    with pytest.raises(DataError, match=r"cannot write .*out.h5: no space left"):
        writer.append([rows(4), rows(4)])
    writer.close()
    assert list(tmp_path.iterdir()) == []
