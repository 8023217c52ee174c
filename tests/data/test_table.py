"""Tables: several files or arrays as one."""

import numpy as np
import pytest
from support.data_layers import numbered, write_h5

from graphnet.data.hdf5.reader import HDF5File
from graphnet.data.table import ArrayPart, Table
from graphnet.errors import DataError

BOTH = ["data", "label"]


@pytest.fixture
def parts(tmp_path):
    """Three files of 5, 1 and 2 rows, numbered 0 to 7."""
    counts = [(0, 5), (5, 1), (6, 2)]
    return [HDF5File(numbered(tmp_path / f"{a}.h5", a, n), BOTH) for a, n in counts]


def label(table, start, stop):
    outs = [np.empty((stop - start, *c.shape), c.dtype) for c in table.columns]
    table.read(start, stop, outs)
    table.close()
    assert outs[0][:, 1].tolist() == (-outs[1].astype(int)).tolist()
    return outs[1].tolist()


@pytest.mark.parametrize("start", range(8))
@pytest.mark.parametrize("n", range(1, 9))
def test_reads_across_parts(parts, start, n):
    """Every range of rows comes back, across any number of parts."""
    stop = min(8, start + n)
    assert label(Table(parts), start, stop) == list(range(start, stop))


@pytest.mark.parametrize(
    ("rows", "start", "stop"),
    [
        ("0:8", 0, 8),
        (":", 0, 8),
        ("2:", 2, 8),
        (":3", 0, 3),
        ("-3:", 5, 8),
        (":-1", 0, 7),
        (" 1 : -1 ", 1, 7),
        ("50%:", 4, 8),
        (":80%", 0, 6),
        ("80%:", 6, 8),
        ("25%:75%", 2, 6),
    ],
)
def test_rows(parts, rows, start, stop):
    """A range of the rows of all parts together, as a slice or in percent."""
    table = Table(parts, rows)
    assert table.n_rows == stop - start
    assert label(table, 0, table.n_rows) == list(range(start, stop))


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ("0:9", "rows '0:9' selects more than the 8 rows there are\n  a bound may also"),
        ("-9:", "rows '-9:' selects more than the 8 rows"),
        ("3:3", "rows '3:3' selects nothing of the 8 rows"),
        ("5:2", "rows '5:2' selects nothing of the 8 rows"),
        ("8:", "rows '8:' selects nothing of the 8 rows"),
        ("5", "rows '5' is not a range\n  expected START:STOP, such as 0:50000"),
        ("a:b", "rows 'a:b' is not a range"),
        ("0:" + "9" * 5_000, "is not a range"),
    ],
)
def test_rows_that_are_not_there(parts, rows, match):
    """A range that is empty, or reaches beyond the rows, is refused rather than cut."""
    with pytest.raises(DataError, match=match):
        Table(parts, rows)


def test_where(parts):
    """A row of a range is named by its file and its place there."""
    table = Table(parts, "3:7")
    assert [table.where(i).rpartition("/")[2] for i in range(4)] == [
        "0.h5, row 3",
        "0.h5, row 4",
        "5.h5, row 0",
        "6.h5, row 0",
    ]


def test_shapes_that_differ(tmp_path):
    """Parts whose rows differ in shape are named, both."""
    files = [
        HDF5File(write_h5(tmp_path / f"{n}.h5", data=np.zeros((2, n))), ["data"]) for n in (3, 4)
    ]
    with pytest.raises(
        DataError,
        match=r"the rows of 'data' differ in shape from part to part\n"
        r"  .*3\.h5, row 0: 3\n  .*4\.h5, row 0: 4",
    ):
        Table(files)


def test_types_that_differ(tmp_path):
    """Parts of different types are read as the type that holds both."""
    values = {"u1": [1, 255], "i2": [-5, 7], "f4": [0.5]}
    files = [
        HDF5File(write_h5(tmp_path / f"{t}.h5", data=np.array(v, t)), ["data"])
        for t, v in values.items()
    ]
    table = Table(files)
    out = np.empty(5, table.columns[0].dtype)
    table.read(0, 5, [out])
    table.close()
    assert out.tolist() == [1, 255, -5, 7, 0.5]


def test_chunk_sizes(tmp_path):
    """Pieces hold whole chunks of the largest data set and lie within one file."""
    path = tmp_path / "a.h5"
    write_h5(path, {"chunks": (10, 4)}, data=np.zeros((95, 4), np.uint8))
    chunked = HDF5File(path, ["data"])
    plain = HDF5File(write_h5(tmp_path / "b.h5", data=np.zeros((45, 4), np.uint8)), ["data"])
    table = Table([chunked, plain], "15:-5")
    assert table.chunk_sizes(100).tolist() == [5, 20, 20, 20, 15, 25, 15]
    assert table.chunk_sizes(1).tolist() == [5] + [10] * 7 + [5] + [1] * 40


def test_few_files_stay_open(tmp_path):
    """However many files there are, only some are open at once."""
    parts = [HDF5File(numbered(tmp_path / f"{i:02}.h5", i, 1), BOTH) for i in range(40)]
    table = Table(parts)
    for i in range(40):
        table.read(i, i + 1, [np.empty((1, 2), np.float32), np.empty(1, np.uint16)])
    assert sum(p._file is not None for p in parts) == 16
    table.close()
    assert all(p._file is None for p in parts)


def test_arrays_are_referenced():
    """Arrays are not copied."""
    x = np.arange(6.0)
    (view,) = Table([ArrayPart("here", {"x": x}, ["x"])], "2:5").arrays()
    x[3] = 70
    assert view.tolist() == [2, 70, 4]


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        (
            {"datum": np.zeros(3)},
            "here: 'data' is missing\n  found: datum\n  did you mean 'datum'?",
        ),
        ({}, "here: 'data' is missing\n  found: nothing"),
        ({"data": np.array(["a"])}, "here: 'data' holds <U1 values, not numbers"),
        ({"data": np.array([None])}, "here: 'data' holds object values, not numbers"),
        ({"data": np.array(3.0)}, r"here: 'data' is empty: its shape is \(\)"),
        ({"data": np.zeros((0, 2))}, r"here: 'data' is empty: its shape is \(0, 2\)"),
        (
            {"data": np.zeros(3), "label": np.zeros(2)},
            "here: unequal numbers of rows: 'data' has 3, 'label' has 2",
        ),
    ],
)
def test_arrays_refused(arrays, match):
    """Arrays must be there, numeric, not empty, and equally long."""
    with pytest.raises(DataError, match=match):
        ArrayPart("here", arrays, ["data", *(["label"] if "label" in arrays else [])])


def test_whole_numbers_that_no_type_holds_together():
    """Of a signed and an unsigned part NumPy would make floating-point numbers."""
    arrays = (np.array([1, 2], t) for t in ("i8", "u8"))
    parts = [ArrayPart(f"part {i}", {"x": a}, ["x"]) for i, a in enumerate(arrays)]
    with pytest.raises(DataError, match="'x' is int64 and uint64 in different parts\n  no type"):
        Table(parts)
