"""Files that are written row by row and appear when they are complete."""

import errno
import os
import re

import h5py
import numpy as np
import pytest

from graphnet.data.hdf5.writer import HDF5Writer, close_together, write_files
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
    (name,) = (p.name for p in tmp_path.iterdir())
    assert re.fullmatch(r"out\.h5\.[0-9a-f]{8}\.unfinished", name)
    writer.close()
    writer.close()
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5"]
    HDF5Writer(tmp_path / "none.h5", ["x"], [(4, 3)], overwrite=False).close()
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5"]


def test_existing_file(tmp_path):
    """A file that is there is refused before anything is written, or replaced as a whole."""
    path = tmp_path / "out.h5"
    path.write_text("precious")
    writer = HDF5Writer(path, ["x"], [(4, 3)], overwrite=False)
    for call in (writer.refuse_existing, lambda: writer.append([rows(1)])):
        with pytest.raises(DataError, match=r"out.h5 exists already\n.*force_overwrite: true"):
            call()
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
    """What an earlier crash has left is removed."""
    (tmp_path / "out.h5.0123abcd.unfinished").write_text("half a file")
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
    with pytest.raises(DataError, match=r"out.h5: cannot be written: .*"):
        writer.append([rows(1)])


def test_failure_leaves_nothing(tmp_path, monkeypatch):
    """Where writing fails half-way, closing does not make a file of what there is."""
    writer = HDF5Writer(tmp_path / "out.h5", ["x", "y"], [(4, 3), (4, 3)], overwrite=False)
    writer.append([rows(4), rows(4)])

    def refused(*_args, **_options):
        raise RuntimeError("Unable to extend")

    monkeypatch.setattr(h5py.Dataset, "resize", refused)
    with pytest.raises(DataError, match=r"out.h5: cannot be written: Unable to extend"):
        writer.append([rows(4), rows(4)])
    writer.close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_again(tmp_path):
    """After it is complete the writer begins anew, and replaces its own file, but no other."""
    path = tmp_path / "out.h5"
    writer = HDF5Writer(path, ["x"], [(4, 3)], overwrite=False)
    for n in (4, 2):
        writer.append([rows(n)])
        writer.close()
        with h5py.File(path) as file:
            np.testing.assert_array_equal(file["x"], rows(n))
    path.unlink()
    path.write_text("precious")
    with pytest.raises(DataError, match="exists already"):
        writer.append([rows(1)])
    assert path.read_text() == "precious"


def test_files_at_once(tmp_path):
    """With their folders, and nothing else is left behind."""
    folder = tmp_path / "new" / "folder"
    data = np.arange(25, dtype=np.uint8).reshape(5, 5)
    files = {folder / "a.h5": {"data": data, "label": data[:, 0]}, folder / "b.h5": {"data": data}}
    write_files(files, {"title": "five"}, 2)
    for path, arrays in files.items():
        with h5py.File(path) as f:
            assert f.attrs["title"] == "five"
            assert f["data"].chunks == (2, 5)
            assert f["data"].dtype == np.uint8
            assert {name: f[name][()].tolist() for name in f} == {
                name: array.tolist() for name, array in arrays.items()
            }
    assert sorted(p.name for p in folder.iterdir()) == ["a.h5", "b.h5"]


def test_files_at_once_are_all_or_nothing(tmp_path):
    """Where one cannot be written, those that were there stay and nothing else is left behind."""
    path = tmp_path / "a.h5"
    path.write_text("precious")
    bad = {path: {"data": np.zeros(2)}, tmp_path / "b.h5": {"data": np.array([object()])}}
    with pytest.raises(DataError, match="has no native HDF5 equivalent"):
        write_files(bad, {}, 2)
    twice = {path: {"a": np.zeros(2), "a/b": np.zeros(2)}}
    with pytest.raises(DataError, match=r"a\.h5: cannot be written: Incompatible"):
        write_files(twice, {}, 2)
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_files_to_nowhere(tmp_path):
    """A folder that cannot be made is reported."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"a.h5: cannot be written: File exists"):
        write_files({tmp_path / "file" / "a.h5": {"data": np.zeros(2)}}, {}, 2)


@pytest.fixture
def disk(monkeypatch):
    """A disk that is full after so many writes, or some bytes; how many there were."""

    class Disk:
        full_after, calls = None, 0

    write = os.write

    def count(descriptor, data):
        Disk.calls += 1
        if Disk.full_after is not None and Disk.calls > Disk.full_after:
            if Disk.calls == Disk.full_after + 1 and len(data) > 1:
                return write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", count)
    return Disk


def write_rows(folder):
    """Rows in compressed chunks, whose indices are written late."""
    writers = [
        HDF5Writer(folder / f"{name}.h5", ["x", "y"], [(7, 30), (7,)], overwrite=True, compress=gz)
        for name, gz in (("a", True), ("b", False))
    ]
    rng = np.random.default_rng(0)
    try:
        for writer in writers:
            for _ in range(16):
                writer.append([rng.random((7, 30)), rng.random(7)])
        close_together(writers)
    finally:
        for writer in writers:
            writer.discard()


def write_at_once(folder):
    """Whole arrays, in files that belong together."""
    rng = np.random.default_rng(0)
    files = {folder / f"{name}.h5": {"x": rng.random((300, 30))} for name in "ab"}
    write_files(files, {"title": "x"}, 10)


@pytest.mark.parametrize("write", [write_rows, write_at_once])
def test_a_disk_that_becomes_full_at_any_write(tmp_path, disk, write, monkeypatch):
    """An error that says so, no file, no part of one, and the process goes on."""
    monkeypatch.setattr("graphnet.data.hdf5.writer._BLOCK_BYTES", 1 << 13)
    write(tmp_path)
    n, before = disk.calls, {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert n > 50
    for disk.full_after in range(n):
        disk.calls = 0
        with pytest.raises(DataError, match=r"No space left on device\n  the disk is full: make r"):
            write(tmp_path)
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    disk.full_after, disk.calls = n, 0
    write(tmp_path)


def test_rows_that_are_forgotten(tmp_path):
    """They are not in the file, and take no room in it."""
    path = tmp_path / "out.h5"
    writer = HDF5Writer(path, ["x"], [(4, 3)], overwrite=True)
    writer.restart()
    for _ in range(200):
        writer.append([rows(4)])
        writer.append([rows(4, 4)])
        writer.restart()
    writer.append([rows(2)])
    writer.close()
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["x"], rows(2))
    assert path.stat().st_size < 5000
