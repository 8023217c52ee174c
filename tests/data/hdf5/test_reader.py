"""HDF5 files of samples: what is read, what is refused and how."""

import os
import re

import h5py
import numpy as np
import pytest
from support.data_layers import numbered, write_h5

from graphnet.data.hdf5.reader import HDF5File, read_array
from graphnet.errors import DataError

BOTH = ["data", "label"]


def read(file, start, stop):
    outs = [np.empty((stop - start, *c.shape), c.dtype) for c in file.columns]
    file.read(start, stop, outs)
    file.close()
    return outs


@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": True}, {"compression": "gzip", "shuffle": True}, {"compression": "lzf"}],
)
def test_reads_rows(tmp_path, options):
    """Any range of rows comes back, however the file stores them."""
    file = HDF5File(numbered(tmp_path / "a.h5", 100, 50, **options), BOTH)
    assert file.n_rows == 50
    data, label = read(file, 7, 31)
    assert data[:, 0].tolist() == label.tolist() == list(range(107, 131))


@pytest.mark.parametrize("dtype", ["bool", "i1", "u1", ">i2", "u4", ">i8", "f2", ">f4", "f8"])
def test_any_numeric_type(tmp_path, dtype):
    """Every numeric type is read as it is, in the machine's byte order."""
    values = np.array([0, 1, 1, 0]).astype(dtype)
    file = HDF5File(write_h5(tmp_path / "a.h5", data=values), ["data"])
    assert file.columns[0].dtype == values.dtype.newbyteorder("=")
    assert file.columns[0].dtype.isnative
    assert read(file, 0, 4)[0].tolist() == values.tolist()


def test_columns(tmp_path):
    """The header says what the rows are like and how many are stored together."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset("group/data", (20, 1, 2, 3), "u1", chunks=(8, 1, 2, 3))
        f.create_dataset("label", (20,), "f8")
    image, label = HDF5File(path, ["group/data", "label"]).columns
    assert (image.shape, image.chunk_rows, image.row_bytes) == ((1, 2, 3), 8, 6)
    assert (label.shape, label.chunk_rows, label.row_bytes) == ((), 1, 8)


def n_open_files():
    return h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)


def test_open_only_while_read(tmp_path):
    """The header alone does not keep a file open, and close closes it."""
    before = n_open_files()
    file = HDF5File(numbered(tmp_path / "a.h5", 0, 5), BOTH)
    assert n_open_files() == before
    file.read(0, 1, [np.empty((1, 2), np.float32), np.empty(1, np.uint16)])
    assert n_open_files() == before + 1
    file.close()
    file.close()
    assert n_open_files() == before


def test_unequal_rows(tmp_path):
    """Data sets with unequal numbers of rows are refused with their counts."""
    path = write_h5(tmp_path / "a.h5", data=np.zeros((5, 2)), label=np.zeros(4))
    message = (
        f"{path}: the data sets disagree on the number of samples\n"
        "  'data' has 5 rows\n  'label' has 4 rows\n"
        "  every data set needs one row for each sample"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        HDF5File(path, BOTH)


def test_truncated_file(tmp_path):
    """A file that was cut short is refused."""
    path = numbered(tmp_path / "a.h5", 0, 1000)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(
        DataError,
        match=r"a\.h5 cannot be read: truncated file: .*\n  the file may be damaged or incomplete",
    ):
        HDF5File(path, BOTH)


def test_damaged_values(tmp_path):
    """A compressed chunk that cannot be unpacked is reported with its data set and rows."""
    path = numbered(tmp_path / "a.h5", 0, 1000, chunks=True, compression="gzip")
    file = HDF5File(path, BOTH)
    with h5py.File(path, "r") as f:
        place = f["data"].id.get_chunk_info(0)
    before = path.stat()
    with path.open("r+b") as raw:
        raw.seek(place.byte_offset)
        raw.write(bytes(place.size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    message = (
        r"a\.h5: data set 'data' cannot be read \(rows 5 to 9\): .+\n  the file may be damaged"
    )
    with pytest.raises(DataError, match=message):
        read(file, 5, 10)
    file.close()


def test_rows_that_were_never_written(tmp_path):
    """They are HDF5's fill value, as long as the file could hold them."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset("data", (10**6,), "f4", chunks=(10**5,), fillvalue=3)
    file = HDF5File(path, ["data"])
    out = np.empty(2, np.float32)
    file.read(10**6 - 2, 10**6, [out])
    np.testing.assert_array_equal(out, [3, 3])
    file.close()


def test_changed_file(tmp_path):
    """A file that is replaced after its header was read is noticed."""
    path = numbered(tmp_path / "a.h5", 0, 10)
    file = HDF5File(path, BOTH)
    read(file, 0, 5)
    os.utime(path, ns=(0, 0))
    with pytest.raises(DataError, match=r"a\.h5 was changed while it was in use\n  stop whatever"):
        read(file, 0, 5)


def test_swapped_file(tmp_path):
    """Another file of the same size and date that takes its name is noticed."""
    path, other = (numbered(tmp_path / name, 0, 10) for name in ("a.h5", "b.h5"))
    for each in (path, other):
        os.utime(each, ns=(0, 0))
    file = HDF5File(path, BOTH)
    read(file, 0, 5)
    other.replace(path)
    with pytest.raises(DataError, match=r"a\.h5 was changed while it was in use"):
        read(file, 0, 5)


def test_removed_file(tmp_path):
    """A file that is removed is noticed, even while it is open."""
    path = numbered(tmp_path / "a.h5", 0, 10)
    file = HDF5File(path, BOTH)
    path.unlink()
    with pytest.raises(DataError, match=r"cannot read .*: No such file"):
        read(file, 0, 5)


def test_where(tmp_path):
    """A row is named by its file."""
    path = numbered(tmp_path / "a.h5", 0, 10)
    assert HDF5File(path, BOTH).where(3) == f"{path}, row 3"


def test_read_array(tmp_path):
    """A small data set is read whole; what is wrong with it is said as for samples."""
    path = write_h5(tmp_path / "mean.h5", mean=np.arange(6.0).reshape(2, 3))
    assert read_array(path, "mean").tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(DataError, match="has no data set 'median'"):
        read_array(path, "median")
    with pytest.raises(DataError, match=r"cannot read .*nowhere"):
        read_array(tmp_path / "nowhere", "mean")


def test_damaged_files_of_all_kinds(tmp_path):
    """Files cut short, or with wrong bytes, are read or refused with a message, never more."""
    rng = np.random.default_rng(1)
    good = numbered(tmp_path / "good.h5", 0, 40, chunks=True, compression="gzip").read_bytes()
    outcomes = {"read": 0, "refused": 0}
    for i in range(150):
        content = bytearray(good[: rng.integers(len(good))] if i % 3 == 0 else good)
        for place in rng.integers(0, len(content), rng.integers(0, 6)) if content else ():
            content[place] = rng.choice([0, 1, 255, rng.integers(256)])
        # HDF5 remembers a file it failed to open, so each has a name of its own
        path = tmp_path / f"{i}.h5"
        path.write_bytes(content)
        try:
            file = HDF5File(path, BOTH)
            read(file, 0, min(file.n_rows, 40))
            outcomes["read"] += 1
        except DataError as error:
            outcomes["refused"] += str(path) in str(error)
    assert sum(outcomes.values()) == 150
    assert min(outcomes.values()) > 20
