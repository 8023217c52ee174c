"""Which trials are run to which end, with processes that only pretend to train."""

from __future__ import annotations

import json
import shutil

import pytest
from support.made_runs import make_run

from graphnet.errors import SnapshotError
from graphnet.tuning import sweep as sweep_module
from graphnet.tuning.processes import TrialReply
from graphnet.tuning.sweep import Sweep, limits_of
from graphnet.tuning.sweep_folder import SweepFolder


@pytest.mark.parametrize(
    ("length", "eta", "expected"),
    [
        ({"max_iter": 900}, 0, [{}]),
        ({"max_iter": 900}, 3, [{"max_iter": 100}, {"max_iter": 300}, {"max_iter": 900}]),
        ({"max_epoch": 2}, 3, [{"max_epoch": 1}, {"max_epoch": 2}]),
        (
            {"max_iter": 8, "max_epoch": 4},
            2,
            [
                {"max_iter": 2, "max_epoch": 1},
                {"max_iter": 4, "max_epoch": 2},
                {"max_iter": 8, "max_epoch": 4},
            ],
        ),
    ],
)
def test_lengths(length, eta, expected):
    """The last is what is declared, each before it a part of that."""
    assert limits_of(length, eta) == expected


@pytest.fixture(name="made")
def _made(tmp_path, monkeypatch):
    """A sweep whose trials reach the accuracy that their settings say, and what was run."""
    ran = []

    def pretended(tasks, *_):
        for task in tasks:
            settings = task.message["settings"]
            ran.append((task.number, settings.get("max_iter")))
            if settings["x"] == "bad":
                yield TrialReply(task.number, "the run diverged", "DivergedError")
            elif settings["x"] == "locked":
                yield TrialReply(task.number, "in use", "SnapshotError")
            else:
                run = folder.run_folder(task.number)
                shutil.rmtree(run, ignore_errors=True)
                make_run(run, {"accuracy": {settings.get("max_iter", 9): settings["x"]}})
                yield TrialReply(task.number)

    monkeypatch.setattr(sweep_module, "run_tasks", pretended)
    with SweepFolder(tmp_path / "sweep", {}) as folder:
        yield Sweep(folder, "accuracy", "max", {}), ran


def settings(*values):
    """Of trials by number."""
    return dict(enumerate({"x": v} for v in values))


def test_every_trial_once(made):
    """What has ended is not run again; failures are kept and come last."""
    sweep, ran = made
    sweep.run(settings(0.5, "bad", 0.9))
    sweep.run(settings(0.5, "bad", 0.9, 0.7))
    assert [number for number, _ in ran] == [0, 1, 2, 3]
    assert [trial.number for trial in sweep.ranked()] == [2, 3, 0, 1]
    assert sweep.folder.trials[1].rungs[0].outcome == "failed: the run diverged"


def test_halving_trains_the_best_further(made):
    """A third of them each time."""
    sweep, ran = made
    limits = [{"max_iter": 10}, {"max_iter": 30}, {"max_iter": 90}]
    values = [0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5, "bad"]
    sweep.run(settings(*values), limits)
    assert [n for n, limit in ran if limit == 30] == [1, 3, 5]
    assert [n for n, limit in ran if limit == 90] == [1]
    assert sweep.ranked()[0].number == 1
    before = list(ran)
    sweep.run(settings(*values), limits)
    assert ran == before


def test_ties_go_to_the_earlier_trial(made):
    """So that the order in which they end does not matter."""
    sweep, ran = made
    sweep.run(settings(0.5, 0.5, 0.5, 0.5), [{"max_iter": 1}, {"max_iter": 2}])
    assert [n for n, limit in ran if limit == 2] == [0, 1]


def test_lower_may_be_better(made):
    """By the mode."""
    sweep, _ = made
    sweep.mode = "min"
    sweep.run(settings(0.5, 0.2, 0.7))
    assert [trial.number for trial in sweep.ranked()] == [1, 0, 2]


def test_what_is_not_the_fault_of_the_settings(made):
    """Is not recorded, so that it is tried again."""
    sweep, _ = made
    sweep.run(settings(0.5, "locked"))
    assert list(sweep.folder.trials) == [0]
    with pytest.raises(SnapshotError, match="trial 1 could not be run: in use"):
        sweep.check_settled()


def test_the_table_is_written_as_trials_end(made):
    """So that it can be read meanwhile."""
    sweep, _ = made
    seen = []
    sweep.tell = lambda _: seen.append((sweep.folder.path / "results.csv").read_text())
    sweep.run(settings(0.5, 0.6))
    assert [text.count("\n") for text in seen] == [2, 3]
    kept = json.loads((sweep.folder.path / "trials" / "0001.json").read_text())
    assert kept["settings"] == {"x": 0.6}
