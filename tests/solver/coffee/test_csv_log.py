"""CSVLog."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from support.fake_net import FakeNet
from support.fake_runs import Killed, kill_at, train

import graphnet as gn
from graphnet.solver.coffee.csv_log import csv_text
from graphnet.solver.history import History
from graphnet.solver.load_history import load_history

BREAKS = [
    {"type": "CSVLog", "every_n_iter": 2},
    {"type": "TrainingSummary", "every_n_iter": 2},
    {"type": "ValidationPerformance", "every_n_iter": 4},
    {"type": "Snapshot", "every_n_iter": 3},
]


def test_a_row_for_each_iteration_and_a_column_for_each_key():
    """Empty where nothing was recorded; all digits, quotes where a key needs them."""
    history = History({"loss": {2: 0.1, 1: 1 / 3}, "a, b": {2: float("nan")}})
    lines = csv_text(history).splitlines()
    assert lines == ['iter,loss,"a, b"', "1,0.3333333333333333,", "2,0.1,nan"]


def test_the_file_holds_what_was_recorded(tmp_path):
    """What is measured at the end too."""
    train(tmp_path, 9, breaks=BREAKS)
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    history = load_history(tmp_path)
    assert list(rows[0]) == ["iter", *history]
    for key, (iters, values) in history.items():
        found = [(int(row["iter"]), float(row[key])) for row in rows if row[key]]
        assert [i for i, _ in found] == iters.tolist()
        np.testing.assert_array_equal([v for _, v in found], values)


def test_a_killed_run_that_goes_on_has_the_same_file(tmp_path):
    """As if nothing had happened."""
    train(tmp_path / "whole", 12, breaks=BREAKS)
    with pytest.raises(Killed, match="killed"):
        train(tmp_path / "killed", 12, kill_at(FakeNet(), 8), breaks=BREAKS)
    train(tmp_path / "killed", 12, breaks=BREAKS)
    whole, killed = ((tmp_path / name / "log.csv").read_text() for name in ("whole", "killed"))
    assert whole == killed


def test_a_file_of_the_users_own_is_left_alone(tmp_path):
    """Any that does not begin as a log does."""
    mine = tmp_path / "mine.csv"
    mine.write_text("name,age\n")
    breaks = [{"type": "CSVLog", "every_n_iter": 1, "file": str(mine)}]
    with pytest.raises(gn.errors.SpecError, match="is no log of a run, and would be lost"):
        train(tmp_path / "run", 2, breaks=breaks)
    assert mine.read_text() == "name,age\n"


def test_without_a_place():
    """The message says what to give."""
    spec = gn.SolverSpec(
        max_iter=2,
        lr_policy={"type": "Fixed", "base_lr": 0.1},
        coffee_breaks=[{"type": "CSVLog", "every_n_iter": 1}],
    )
    with pytest.raises(gn.errors.SpecError, match="it needs a place\n  give it a file"):
        gn.solve(gn.Solver(spec), FakeNet())
