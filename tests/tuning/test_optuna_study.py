"""Proposals of Optuna's: the same for a study that was killed."""

from __future__ import annotations

import sys

import pytest

from graphnet.errors import MissingExtraError
from graphnet.tuning.optuna_study import Proposals
from graphnet.tuning.space import SweepAxis
from graphnet.tuning.sweep_folder import Rung, Trial

AXES = [
    SweepAxis("x", (), -4.0, 4.0),
    SweepAxis("n", (), 1, 9),
    SweepAxis("rate", (), 1e-4, 1.0, is_log=True),
    SweepAxis("kind", ("a", "b")),
]


def trial(number, settings):
    """One that came to a value which is best at x = 1."""
    value = -((settings["x"] - 1) ** 2) - (settings["kind"] == "a")
    return Trial(number, settings, [Rung("finished", 1, {"v": (value, 1)})])


def proposed(folder, n, seed=0, kill_after=0):
    """All settings; the study is opened anew after so many batches, some half-asked."""
    found = {}
    made = Proposals(folder, AXES, "max", seed)
    for i, batch in enumerate(made.batches(n)):
        if kill_after and i == kill_after:
            return proposed(folder, n, seed)
        found |= batch
        made.tell([trial(number, settings) for number, settings in batch.items()], "v")
    return found


@pytest.fixture(autouse=True)
def _extra():
    pytest.importorskip("optuna", reason="needs the extra optuna")


def test_proposals_get_better_and_stay_in_range(tmp_path):
    """And depend on the seed alone."""
    for name in "abc":
        (tmp_path / name).mkdir()
    found = proposed(tmp_path / "a", 40)
    assert proposed(tmp_path / "b", 40) == found
    assert proposed(tmp_path / "c", 8, seed=1) != {i: found[i] for i in range(8)}
    values = list(found.values())
    assert all(-4 <= s["x"] <= 4 and s["n"] in range(1, 10) for s in values)
    assert all(1e-4 <= s["rate"] <= 1 and s["kind"] in ("a", "b") for s in values)
    late = [abs(s["x"] - 1) for s in values[-12:]]
    assert sum(late) / 12 < 1.5


def test_a_study_that_was_killed_goes_on_the_same(tmp_path):
    """With a batch that was proposed and not told of."""
    for name in "ab":
        (tmp_path / name).mkdir()
    assert proposed(tmp_path / "a", 20, kill_after=3) == proposed(tmp_path / "b", 20)


def test_trials_that_failed(tmp_path):
    """Are told as such, and no reason to stop."""
    made = Proposals(tmp_path, AXES, "min", 0)
    batches = made.batches(8)
    first = next(batches)
    made.tell([Trial(n, s, [Rung("failed", 0, {})], failed=True) for n, s in first.items()], "v")
    assert list(next(batches)) == [4, 5, 6, 7]


def test_without_optuna(tmp_path, monkeypatch):
    """The message names the command that installs it."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[optuna\]"):
        Proposals(tmp_path, AXES, "max", 0)
