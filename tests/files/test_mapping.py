"""Mapped files: their memory is given back, and what has been cut off is not looked at."""

import mmap
from pathlib import Path

import numpy as np
import pytest

from graphnet.errors import DataError, SnapshotError
from graphnet.files.mapping import FileMapping, check_whole, let_go


def resident(mapped):
    """How many bytes of a mapping are in this process's memory."""
    address = f"{np.frombuffer(mapped, np.uint8).ctypes.data:x}-"
    with Path("/proc/self/smaps").open() as file:
        lines = iter(file)
        for line in lines:
            if line.startswith(address):
                found = next(entry for entry in lines if entry.startswith("Rss:"))
                return int(found.split()[1]) * 1024
    raise AssertionError("it is not mapped")


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="the system knows no such advice")
def test_pages_are_given_back_and_can_be_read_again(tmp_path):
    """A part, too, and only whole pages of it."""
    path, numbers = tmp_path / "x", np.arange(1 << 20, dtype="<f4")
    numbers.tofile(path)
    with path.open("rb") as file:
        mapped = FileMapping.of(file, path, DataError)
    array = np.frombuffer(memoryview(mapped), "<f4")[:].reshape(1 << 10, -1)
    assert array.sum(dtype=np.float64) == numbers.sum(dtype=np.float64)
    try:
        whole = resident(mapped)
    except OSError:
        pytest.skip("the system does not say what is in memory")
    assert whole >= numbers.nbytes
    let_go(array[100:612])
    assert resident(mapped) <= whole - array[100:612].nbytes + 2 * mmap.PAGESIZE
    let_go(array)
    assert resident(mapped) == 0
    assert np.array_equal(array.reshape(-1), numbers)


def test_elsewhere_nothing_is_done(tmp_path):
    """Arrays of their own, and mappings that are written to, stay as they are."""
    array = np.arange(10_000.0)
    let_go(array)
    let_go(array[:0])
    assert array[-1] == 9999
    written = np.memmap(tmp_path / "x", np.float64, "w+", shape=(10_000,))
    written[:] = array
    let_go(written)
    private = np.memmap(tmp_path / "x", np.float64, "c")
    private[:] = 7
    let_go(private)
    assert np.array_equal(written, array)
    assert (private == 7).all()


def test_a_file_that_is_cut_short(tmp_path):
    """It is asked of views, of arrays and of bytes; a longer file is as good as the same."""
    path = tmp_path / "weights.bin"
    np.arange(10_000, dtype="<f4").tofile(path)
    with path.open("rb") as file:
        data = memoryview(FileMapping.of(file, path, SnapshotError))
    array = np.frombuffer(data[4000:], "<f4").reshape(9, -1).T
    for whole in (data, data[:8], array, array[3:5]):
        check_whole(whole)
    with path.open("ab") as file:
        file.write(b"more")
    check_whole(array)
    with path.open("r+b") as file:
        file.truncate(5000)
    for cut in (data, data[:8], array, array[3:5]):
        with pytest.raises(
            SnapshotError,
            match=r"weights\.bin: was cut short while it was read, from 40,000 to 5,000",
        ):
            check_whole(cut)


def test_elsewhere_nothing_is_looked_at(tmp_path):
    """Arrays of their own, bytes, and mappings of others."""
    for other in (
        np.arange(5.0),
        memoryview(b"bytes"),
        np.memmap(tmp_path / "x", "u1", "w+", 0, 9),
    ):
        check_whole(other)
