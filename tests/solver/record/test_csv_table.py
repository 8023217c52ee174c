"""The table of what was recorded, to which rows are added."""

import os

import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.solver.history import GrowingCurve, History
from graphnet.solver.record import csv_table
from graphnet.solver.record.csv_table import CSVTable


def column(**values):
    """A column of ``i3=0.5``: a value at iteration 3."""
    made = GrowingCurve()
    for name, value in values.items():
        made.add(int(name[1:]), value)
    return made


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.csv"


def test_a_row_for_each_iteration_and_a_column_for_each_key(path):
    """Empty where nothing was recorded; all digits, quotes where a key needs them."""
    CSVTable(path, History({"loss": {2: 0.1, 1: 1 / 3}, "a, b": {2: float("nan")}}))
    lines = path.read_text().splitlines()
    assert lines == ['iter,loss,"a, b"', "1,0.3333333333333333,", "2,0.1,nan"]


def test_rows_are_added(path):
    """More may be recorded at the last iteration; the file is that which is written as a whole."""
    whole = {"loss": {}, "accuracy": {}}
    whole["loss"] |= {1: 0.5, 2: 0.25}
    whole["accuracy"] |= {1: 0.0}
    table = CSVTable(path, History(whole))
    inode = path.stat().st_ino
    for more in (
        {"accuracy": column(i2=0.125)},
        {"loss": column(i3=0.1, i4=1e-300)},
        {"loss": column(i4=2.0, i5=1.0), "accuracy": column(i5=float("inf"))},
        {},
    ):
        assert table.add(more)
        for key, values in more.items():
            whole[key] |= values.by_iter()
        CSVTable(path.with_name("whole.csv"), History(whole))
        assert path.read_text() == path.with_name("whole.csv").read_text()
    table.sync()
    assert path.stat().st_ino == inode


def test_long_ones_are_written_in_pieces(path, monkeypatch):
    """Which is not to be seen."""
    rng = np.random.Generator(np.random.Philox(3))
    recorded = {k: {int(i): i / 3 for i in rng.integers(0, 500, 200)} for k in "abc"}
    CSVTable(path, History(recorded))
    whole = path.read_text()
    for n in (1, 7, 100):
        monkeypatch.setattr(csv_table, "_TOGETHER", n)
        table = CSVTable(path, History(recorded))
        assert path.read_text() == whole
    assert table.add({"a": column(i900=1.5)})
    assert path.read_text() == whole + "900,1.5,,\n"


def test_nothing_recorded_yet(path):
    """A line of names; the first key makes it another table."""
    table = CSVTable(path, History({}))
    assert path.read_text() == "iter\n"
    assert table.add({})
    assert not table.add({"loss": column(i1=1.0)})


def test_what_cannot_be_added(path):
    """A new key, or an earlier iteration: the file stays as it is."""
    table = CSVTable(path, History({"loss": {5: 0.5}}))
    before = path.read_bytes()
    assert not table.add({"accuracy": column(i6=1.0)})
    assert not table.add({"loss": column(i4=1.0)})
    assert path.read_bytes() == before
    assert table.add({"loss": column(i5=0.25)})
    assert path.read_text() == "iter,loss\n5,0.25\n"


@pytest.mark.parametrize(
    "change",
    [
        os.remove,
        lambda path: path.rename(path.with_name("moved")),
        lambda path: os.truncate(path, 0),
        lambda path: path.write_text("iter,loss\n5,0.5\n6,0.5\n"),
    ],
)
def test_a_file_that_is_no_longer_as_it_was_left(path, change):
    """Nothing is added to it: it is to be written anew."""
    table = CSVTable(path, History({"loss": {5: 0.5}}))
    change(path)
    before = path.read_bytes() if path.exists() else None
    assert not table.add({"loss": column(i6=1.0)})
    assert (path.read_bytes() if path.exists() else None) == before


def test_where_it_cannot_be_written(tmp_path):
    """The message names the file."""
    (tmp_path / "taken").touch()
    with pytest.raises(SnapshotError, match=r"log.csv: cannot be written"):
        CSVTable(tmp_path / "taken" / "log.csv", History({}))
