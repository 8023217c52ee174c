"""Batches in the order of each epoch, from memory and streamed."""

import tracemalloc

import h5py
import numpy as np
import pytest
from support.data_layers import numbered, write_h5

from graphnet.data.batches import Batches
from graphnet.data.hdf5.reader import HDF5File
from graphnet.data.pipeline import Pipeline
from graphnet.data.table import ArrayPart, Table
from graphnet.errors import DataError

BOTH = ["data", "label"]
ROW_BYTES = 2 * 4 + 2 + 16  # of a numbered file, with what is kept beside each row


def batches_of(table, batch_size, *, key=None, buffer_bytes=1 << 20):
    pipelines = [
        Pipeline(c, [], batch_size, np.dtype("f4"), seed=0, layer="data", check_finite=True)
        for c in table.columns
    ]
    return Batches(table, pipelines, batch_size, key=key, buffer_bytes=buffer_bytes)


def files(folder, counts, **options):
    """A table of numbered files of these many rows."""
    parts, start = [], 0
    for n in counts:
        parts.append(HDF5File(numbered(folder / f"{start}.h5", start, n, **options), BOTH))
        start += n
    return Table(parts)


def take(batches, n):
    """The numbers of the rows in the next batches, and how many count in each."""
    size = batches._batch_size
    data, label = np.empty((size, 2), np.float32), np.empty(size, np.float32)
    rows, valid = [], []
    make = batches.bind([data, label])
    for _ in range(n):
        valid.append(make())
        assert np.array_equal(data, np.stack([label, -label], axis=1))
        rows += label.astype(int).tolist()
    return rows, valid


#: Everything in memory; two groups of many chunks; many small groups.
BUFFERS = pytest.mark.parametrize("buffer_bytes", [1 << 20, 60 * ROW_BYTES, 12 * ROW_BYTES])


@BUFFERS
def test_epochs_follow_one_another(tmp_path, buffer_bytes):
    """Unshuffled, batches run on through files and epochs, nothing left out or padded."""
    batches = batches_of(files(tmp_path, [5, 1, 2, 60]), 3, buffer_bytes=buffer_bytes)
    rows, valid = take(batches, 3 * 68 // 3)
    assert rows == list(range(68)) * 3
    assert set(valid) == {3}
    assert batches.cursor == 3 * 68
    batches.close()


@BUFFERS
@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_shuffled_epochs(tmp_path, buffer_bytes, batch_size):
    """Shuffled, every epoch delivers every row once, in an order of its own."""
    table = files(tmp_path, [30, 1, 44, 25])
    batches = batches_of(table, batch_size, key=5, buffer_bytes=buffer_bytes)
    rows, _ = take(batches, 3 * 100 // batch_size)
    epochs = [rows[i : i + 100] for i in range(0, len(rows) - 99, 100)]
    assert all(sorted(e) == list(range(100)) for e in epochs)
    assert len({tuple(e) for e in epochs}) == len(epochs) > 1
    assert all(e == batches.order.rows(i).tolist() for i, e in enumerate(epochs))
    batches.close()


@pytest.mark.parametrize("options", [{"compression": "gzip"}, {"compression": "lzf"}])
def test_compressed_chunks(tmp_path, options):
    """Compressed files are streamed by whole chunks, each read once an epoch."""
    arrays = {"data": np.stack([np.arange(100), -np.arange(100)], axis=1), "label": np.arange(100)}
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        for name, array in arrays.items():
            f.create_dataset(name, data=array, chunks=(8, *array.shape[1:]), **options)
    table = Table([HDF5File(path, BOTH)])
    batches = batches_of(table, 10, key=1, buffer_bytes=100 * (24 + 16) // 3)
    read = []
    inner = table.read
    table.read = lambda start, stop, outs: (read.append((start, stop)), inner(start, stop, outs))[1]
    rows, _ = take(batches, 10)
    batches.close()
    assert sorted(rows) == list(range(100))
    assert all(start % 8 == 0 and stop - start <= 8 for start, stop in read)
    assert len(read) - len(set(read)) <= 4  # what was read ahead of the next epoch


@BUFFERS
@pytest.mark.parametrize("key", [None, 5])
def test_seek_is_replay(tmp_path, buffer_bytes, key):
    """Continuing at any cursor gives what an uninterrupted run would have given."""
    table = files(tmp_path, [30, 1, 44, 25])
    batches = batches_of(table, 7, key=key, buffer_bytes=buffer_bytes)
    rows, _ = take(batches, 60)
    for cursor in (0, 7, 70, 98, 99, 100, 101, 161, 250, 33):
        batches.seek(cursor, wrap=True)
        assert take(batches, 5)[0] == rows[cursor : cursor + 35]
    batches.close()


@BUFFERS
@pytest.mark.parametrize("n", [9, 10, 11])
def test_without_wrapping(tmp_path, buffer_bytes, n):
    """For evaluation the last batch is filled by repeating its last row, and says so."""
    batches = batches_of(files(tmp_path, [4, n - 4]), 5, buffer_bytes=buffer_bytes)
    batches.seek(0, wrap=False)
    rows, valid = take(batches, -(-n // 5))
    assert sum(valid) == n == batches.cursor
    assert rows == [*range(n), *[n - 1] * (-n % 5)]
    assert take(batches, 1) == ([0, 1, 2, 3, 4], [5])
    batches.close()


def test_batch_larger_than_the_set(tmp_path):
    """A batch may hold several epochs, or be one filled up."""
    batches = batches_of(files(tmp_path, [2, 1]), 8, key=1)
    rows, valid = take(batches, 3)
    assert valid == [8, 8, 8]
    assert all(sorted(rows[i : i + 3]) == [0, 1, 2] for i in range(0, 24, 3))
    batches.seek(0, wrap=False)
    rows, valid = take(batches, 1)
    assert (valid, rows[3:]) == ([3], [rows[2]] * 5)


def test_buffer_is_the_limit(tmp_path):
    """A source larger than the buffer is never in memory as a whole, at any time."""
    n = 200_000
    table = files(tmp_path, [n])
    batches = batches_of(table, 500, key=3, buffer_bytes=n * ROW_BYTES // 8)
    data, label, rows = np.empty((500, 2), "f4"), np.empty(500, "f4"), np.empty(2 * n, "f4")
    make = batches.bind([data, label])
    tracemalloc.start()
    for i in range(0, 2 * n, 500):
        make()
        rows[i : i + 500] = label
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    batches.close()
    assert np.array_equal(np.sort(rows[:n]), np.sort(np.arange(n) % 2**16))  # of 16 bits
    assert np.array_equal(np.sort(rows[:n]), np.sort(rows[n:]))
    assert 0.8 < peak / (n * ROW_BYTES // 8) < 1.1


def test_steps_allocate_nothing(tmp_path):
    """After the first epoch no array is allocated, at the change of an epoch either."""
    batches = batches_of(files(tmp_path, [50_000]), 100, key=3, buffer_bytes=1 << 24)
    targets = [np.empty((100, 2), np.float32), np.empty(100, np.float32)]
    make = batches.bind(targets)
    for _ in range(501):
        make()
    tracemalloc.start()
    for _ in range(600):
        make()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert batches.cursor > 100_000
    assert peak < 64 * 1024


def test_streaming_mixes_well(tmp_path):
    """In a buffer of an eighth of the set, neighbours on disk are scattered over the epoch."""
    table = files(tmp_path, [8000])
    batches = batches_of(table, 100, key=11, buffer_bytes=table.n_rows * ROW_BYTES // 8)
    rows = np.array(take(batches, 80)[0])
    batches.close()
    assert abs(np.corrcoef(rows, np.arange(8000))[0, 1]) < 0.2
    assert np.mean(np.abs(np.diff(rows)) < 100) < 0.1
    # each sixteenth of the epoch draws from all over the file
    assert all(np.ptp(rows[i : i + 500]) > 4000 for i in range(0, 8000, 500))


def test_chunk_larger_than_the_buffer(tmp_path):
    """What is stored together must fit into half of the buffer, and the message says how."""
    path = write_h5(tmp_path / "a.h5", {"chunks": (500,)}, data=np.arange(1000))
    table = Table([HDF5File(path, ["data"])])
    with pytest.raises(
        DataError,
        match=r"one chunk of the file takes 0\.0 MiB, too much for buffer_bytes \(0\.0 MiB\)\n"
        r"  set buffer_bytes to 24000 or more, or store the file in smaller chunks",
    ):
        batches_of(table, 10, buffer_bytes=23_000)
    batches_of(table, 10, buffer_bytes=24_000)


def test_small_file_of_huge_chunks(tmp_path):
    """A few rows can be stored as a chunk that unpacks to far more than they need."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        options = {"maxshape": (None,), "chunks": (10**6,), "compression": "gzip"}
        f.create_dataset("data", data=np.arange(10), **options)
    with pytest.raises(DataError, match=r"a\.h5, row 0: one chunk of the file takes 7\.6 MiB"):
        batches_of(Table([HDF5File(path, ["data"])]), 10, buffer_bytes=10**6)


def test_absurd_claim(tmp_path):
    """A file that claims more pieces than can be kept account of is refused with its place."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset("data", (2**23,), "u1")
    with pytest.raises(
        DataError,
        match=r"a\.h5, row 0: the file claims 8388608 rows of 1 bytes\n  if it really",
    ):
        batches_of(Table([HDF5File(path, ["data"])]), 10, buffer_bytes=200)


def test_failure_can_be_repeated(tmp_path):
    """A batch that cannot be made leaves the cursor where it was."""
    path = numbered(tmp_path / "a.h5", 0, 10)
    batches = batches_of(Table([HDF5File(path, BOTH)]), 4)
    aside = path.rename(tmp_path / "aside.h5")
    for _ in range(2):
        with pytest.raises(DataError, match="cannot read"):
            take(batches, 1)
        assert batches.cursor == 0
    aside.rename(path)  # the file itself, which a copy is not
    assert take(batches, 1)[0] == [0, 1, 2, 3]


def test_arrays_of_any_layout():
    """Arrays that are not contiguous, or of the other byte order, are delivered too."""
    numbers = np.arange(12)
    wide = np.zeros((12, 4), ">f4")
    wide[:, 0], wide[:, 2] = numbers, -numbers
    arrays = {"data": wide[:, ::2], "label": numbers[::-1][::-1].astype(">i8")}
    batches = batches_of(Table([ArrayPart("here", arrays, BOTH)]), 5, key=2, buffer_bytes=1)
    rows, _ = take(batches, 12)
    assert all(sorted(rows[i : i + 12]) == list(range(12)) for i in range(0, 60, 12))
