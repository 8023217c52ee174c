"""What a run has recorded, as arrays."""

from __future__ import annotations

import sys
from math import isnan

import numpy as np
import pytest

import graphnet as gn
from graphnet.solver.history import GrowingCurve, History, columns_by_key

RECORDED = {"loss": {20: 0.25, 10: 0.5}, "accuracy": {20: 0.75}, "never": {}}


def test_arrays_by_key():
    """In the order of the iterations, whatever order they were recorded in."""
    history = History(RECORDED)
    assert list(history) == ["loss", "accuracy"]
    iters, values = history["loss"]
    assert (iters.dtype, values.dtype) == (np.int64, np.float64)
    assert (iters.tolist(), values.tolist()) == ([10, 20], [0.5, 0.25])


def test_of_columns():
    """In any order; of several values at an iteration the last counts, as in a mapping."""
    column = GrowingCurve()
    for at, value in ((20, 1.0), (10, 2.0), (20, 3.0), (30, 4.0), (10, 5.0)):
        column.add(at, value)
    history = History.of({"loss": column, "never": GrowingCurve()})
    assert list(history) == ["loss"]
    assert history["loss"].iters.tolist() == [10, 20, 30]
    assert history["loss"].values.tolist() == [5.0, 3.0, 4.0]
    assert column.by_iter() == {20: 3.0, 10: 5.0, 30: 4.0}
    more = GrowingCurve()
    more.add(40, 6.0)
    column.extend(more)
    assert column.curve().values.tolist() == [5.0, 3.0, 4.0, 6.0]


def test_what_was_recorded_in_turn():
    """By key, the keys in the order in which they first come."""
    which, iters = np.array([1, 0, 1], np.uint32), np.array([1, 1, 2])
    found = columns_by_key(["a", "b"], which, iters, np.array([0.5, 1.5, 2.5]))
    assert {key: column.by_iter() for key, column in found.items()} == {
        "b": {1: 0.5, 2: 2.5},
        "a": {1: 1.5},
    }
    assert list(found) == ["b", "a"]


def test_a_key_that_is_not_there():
    """What was recorded is said."""
    with pytest.raises(gn.errors.UnknownNameError, match="'los'; recorded: loss, accuracy"):
        History(RECORDED)["los"]
    assert "los" not in History(RECORDED)
    with pytest.raises(gn.errors.UnknownNameError, match="recorded: nothing"):
        History({})["loss"]


def test_it_says_what_it_is():
    """A line for each key."""
    lines = repr(History(RECORDED)).splitlines()
    assert lines[0] == "<History: 2 keys"
    assert lines[1].split() == [
        *("loss", "2", "values,", "the", "last", "0.25"),
        *("at", "iteration", "20"),
    ]
    assert repr(History({})) == "<History: nothing recorded>"


def test_a_data_frame():
    """A column for each key, NaN where nothing was recorded."""
    pytest.importorskip("pandas", reason="needs the extra notebooks")
    frame = History(RECORDED).to_dataframe()
    assert (frame.index.name, list(frame.columns)) == ("iter", ["loss", "accuracy"])
    assert frame["loss"].to_list() == [0.5, 0.25]
    assert frame.index.to_list() == [10, 20]
    assert isnan(frame["accuracy"][10])
    assert frame["accuracy"][20] == 0.75


def test_without_pandas(monkeypatch):
    """What to install, and what to do without."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(gn.errors.GraphnetError, match="notebooks"):
        History(RECORDED).to_dataframe()
