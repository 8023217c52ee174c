"""CSVLog."""

from __future__ import annotations

import csv
import os

import numpy as np
import pytest
from support.fake_net import FakeNet
from support.fake_runs import (
    Killed,
    kill_at,
    see_the_run_end_where_its_directory_goes,
    solver_for,
    train,
)
from support.lines import Lines

import graphnet as gn
from graphnet.solver.coffee import csv_log
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.load_history import load_history
from graphnet.solver.lounge import CoffeeLounge

BREAKS = [
    {"type": "CSVLog", "every_n_iter": 2},
    {"type": "TrainingSummary", "every_n_iter": 2},
    {"type": "ValidationPerformance", "every_n_iter": 4},
    {"type": "Snapshot", "every_n_iter": 3},
]


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


class At6(CoffeeBreak):
    """Does something to the file at iteration 6."""

    def __init__(self, do):
        self.do = do

    def enjoy(self, net, state, lounge):  # noqa: D102
        if state.iter == 6:
            self.do(state.run.folder / "log.csv")


@pytest.mark.parametrize(
    "do", [os.remove, lambda path: path.rename(path.with_suffix(".1")), lambda p: os.truncate(p, 0)]
)
def test_a_file_that_is_rotated_is_written_anew(tmp_path, do):
    """With all that was recorded."""
    solve_with(tmp_path / "whole", lambda _: None)
    solve_with(tmp_path / "rotated", do)
    whole, rotated = ((tmp_path / name / "log.csv").read_text() for name in ("whole", "rotated"))
    assert whole == rotated


def solve_with(folder, do):
    solver = solver_for(folder, 12, BREAKS)
    solver.add_coffee_break(At6(do), every_n_iter=1)
    gn.solve(solver, FakeNet(), reporter=Lines())


def test_another_file_in_its_place(tmp_path):
    """It is the user's own, and left alone."""
    with pytest.raises(gn.errors.BreakError, match="is no log of a run, and would be lost"):
        solve_with(tmp_path / "run", lambda path: path.write_text("mine\n"))
    assert (tmp_path / "run" / "log.csv").read_text() == "mine\n"


def test_the_longer_a_run_the_less_is_written_again(tmp_path, monkeypatch):
    """Rows are added: the file is written as a whole for its first columns alone."""
    made = []

    class Counted(csv_log.CSVTable):
        def __init__(self, path, history):
            made.append(path)
            super().__init__(path, history)

    monkeypatch.setattr(csv_log, "CSVTable", Counted)
    train(tmp_path, 40, breaks=BREAKS)
    assert len(made) <= 3
    assert len((tmp_path / "log.csv").read_text().splitlines()) > 20


@pytest.mark.parametrize("save_into", [None, "elsewhere.jsonl"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_run_directory_that_goes_away_is_not_made_again(tmp_path, save_into, is_replaced):
    """Nor is anything written into another in its place: the run ends, and says why."""
    see_the_run_end_where_its_directory_goes(
        tmp_path, BREAKS[:3], save_into, is_replaced=is_replaced
    )
    assert (tmp_path / "moved" / "log.csv").exists()


def test_a_folder_of_the_users_choice_is_made_again(tmp_path):
    """Where logs are moved away with their folder."""
    logs = tmp_path / "logs"
    solver = solver_for(tmp_path / "run", 12, BREAKS[1:])
    solver.add_coffee_break(gn.CSVLog(logs / "log.csv"), every_n_iter=2)
    solver.add_coffee_break(At6(lambda _: logs.rename(tmp_path / "moved")), every_n_iter=1)
    gn.solve(solver, FakeNet(), reporter=Lines())
    before, now = ((tmp_path / name / "log.csv").read_text() for name in ("moved", "logs"))
    assert now.startswith(before.rsplit("\n", 2)[0])
    assert len(now) > len(before)


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


def test_what_was_recorded_is_read_once(tmp_path, monkeypatch):
    """A run that goes on reads it from its beginning, then from where the last turn ended."""
    train(tmp_path, 6, breaks=BREAKS)
    positions, read = [], CoffeeLounge.recorded_since

    def noted(lounge, position):
        positions.append(position)
        return read(lounge, position)

    monkeypatch.setattr(CoffeeLounge, "recorded_since", noted)
    monkeypatch.setattr(CoffeeLounge, "history", lambda _: pytest.fail("it is read once more"))
    train(tmp_path, 12, breaks=BREAKS)
    assert positions[0] == 0
    assert 0 < positions[1] < positions[-1]
    assert positions[1:] == sorted(positions[1:])
