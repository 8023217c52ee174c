# ruff: noqa: ARG001, ARG005  # breaks take what the contract hands them
"""Which snapshots are written, and what comes back from them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support import fake_runs
from support.fake_net import FakeNet
from support.fake_runs import solver_for, train, train_with
from support.lines import Lines

from graphnet.errors import BreakError, SnapshotError
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.record.snapshot_file import read, to_bytes
from graphnet.solver.request import Request
from graphnet.solver.solver import solve

_folder = pytest.fixture(autouse=True)(fake_runs.in_a_folder_of_its_own)


def test_snapshots_kept(tmp_path):
    """keep_last counts the ordinary ones; the best stays in a file of its own."""
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 2},
        {"type": "Snapshot", "every_n_iter": 5, "keep_last": 2, "keep_best": "accuracy"},
    ]
    train("run", 22, breaks=breaks)
    assert list(snapshots_in(tmp_path / "run")) == [20, 22]
    values = {
        m["iter"]: m["value"]
        for m in map(json.loads, (tmp_path / "run/statistics.jsonl").read_text().splitlines())
        if m["key"] == "accuracy"
    }
    assert read(tmp_path / "run/snapshots/best.h5").iter == max(values, key=values.get)


def test_all_snapshots_are_kept_by_default(tmp_path):
    """Iteration 0 among them."""
    train("run", 7, breaks=[{"type": "Snapshot", "every_n_iter": 3}])
    assert list(snapshots_in(tmp_path / "run")) == [0, 3, 6, 7]


def test_best_lost_in_a_crash_is_made_good(tmp_path):
    """A crash between a new best snapshot and its copy leaves the copy out of date."""
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 3},
        {"type": "Snapshot", "keep_best": "accuracy", "mode": "min"},
    ]
    train("run", 6, FakeNet(learn=-0.01), breaks=breaks)  # gets worse, which mode calls better
    best = tmp_path / "run/snapshots/best.h5"
    assert read(best).iter == 6
    whole = best.read_bytes()
    best.unlink()
    train("run", 6, FakeNet(learn=-0.01), breaks=breaks)
    assert best.read_bytes() == whole


def deceive(change):
    """Change what the newest snapshot holds, as nobody but its writer should."""
    path = Path("run/snapshots/snapshot-000005.h5")
    contents = read(path)
    change(contents)
    path.write_bytes(to_bytes(contents))


def test_statistics_of_another_run_are_refused():
    """As params and history are, by name."""
    train("run", 5)
    name = next(iter(read(Path("run/snapshots/snapshot-000005.h5")).statistics))
    deceive(lambda contents: contents.statistics.update({name: np.zeros(9)}))
    with pytest.raises(SnapshotError, match=rf"000005\.h5: its statistics of '{name}' are not of"):
        train("run", 9)


def test_breaks_that_cannot_go_on_name_the_snapshot():
    """Which one it was, and in which file."""
    breaks = [{"type": "TrainingSummary", "every_n_iter": 1}]
    train("run", 5, breaks=breaks)
    deceive(lambda contents: contents.meta.breaks.update(TrainingSummary={"sums/loss": "x"}))
    with pytest.raises(BreakError, match=r"000005\.h5: coffee break 'TrainingSummary': its load_"):
        train("run", 9, breaks=breaks)


def test_other_versions_are_told(monkeypatch):
    """The run goes on, and nobody is left to wonder about the last digits."""
    train("run", 4)
    _, reporter = train("run", 6)
    assert reporter.warnings == []
    monkeypatch.setattr(np, "__version__", "1.26.4")
    state, reporter = train("run", 8)
    (warning,) = reporter.warnings
    assert warning.startswith("this run was begun with numpy 2.")
    assert ", now 1.26.4\n  it goes on, but its numbers may differ" in warning
    assert state.iter == 8


def test_restore_best_brings_params_and_history_back(tmp_path):
    """Iterations count on, and what was learned since the best is gone."""
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 5},
        {"type": "DecayOnValidation", "key": "loss-key", "mode": "min", "restore_best": True},
        {"type": "Snapshot", "keep_best": "loss-key", "mode": "min"},
    ]
    net, kept = FakeNet(), {}
    sibling = net.sibling("test")
    scores = iter([3.0, 1.0, 2.0, 5.0])
    vars(sibling)["evaluate"] = lambda: (1, {"loss-key": next(scores)})
    net.sibling = lambda phase: sibling

    class Keep(CoffeeBreak):
        def enjoy(self, net, state, lounge):
            kept[state.iter] = net.store.data.copy()

    solver = solver_for("run", 10, breaks, mom_policy={"type": "Fixed", "momentum": 0.9})
    solver.add_coffee_break(Keep(), every_n_iter=1)
    reporter = Lines()
    state = solve(solver, net, reporter=reporter)
    assert "back to the params of iteration 5" in reporter.lines
    assert state.iter == 10
    assert state.lr_scale == 0.5
    np.testing.assert_array_equal(net.store.data, kept[5])
    assert (kept[10] != kept[5]).any()
    final, best = (
        read(tmp_path / "run/snapshots" / name) for name in ("snapshot-000010.h5", "best.h5")
    )
    for group in ("params", "history", "state"):
        for name, array in getattr(best, group).items():
            np.testing.assert_array_equal(getattr(final, group)[name], array)


def test_best_params_are_not_taken_from_another_run():
    """Where the directory has been replaced, its best snapshot is not this run's."""

    def move(net, state, lounge):
        shutil.move("run", "old")
        train("run", 3)
        return Request(restore_best=True)

    with pytest.raises(SnapshotError, match="run: was moved"):
        train_with(move, breaks=[{"type": "ValidationPerformance", "every_n_iter": 1}])
