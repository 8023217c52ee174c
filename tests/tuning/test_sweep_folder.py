"""A sweep's directory: what is kept, refused, and read again."""

from __future__ import annotations

import csv

import pytest

from graphnet.errors import SnapshotError, SpecError
from graphnet.tuning import sweep_folder
from graphnet.tuning.sweep_folder import Rung, SweepFolder

RUNG = Rung("finished", 10, {"accuracy": (0.5, 8), "loss": (1.5, 10)})


def test_what_is_recorded_is_there_the_next_time(tmp_path):
    """With every end of a trial."""
    with SweepFolder(tmp_path / "s", {"grid": ["a=1"]}) as folder:
        folder.record(3, {"a": 1}, RUNG, failed=False)
        folder.record(3, {"a": 1}, Rung("finished", 30, {}), failed=False)
        folder.record(1, {"a": 2}, Rung("failed: x\ny", 0, {}), failed=True)
        before = folder.trials
    with SweepFolder(tmp_path / "s", {"grid": ["a=1"]}) as folder:
        assert folder.trials == before
        assert folder.trials[3].value("accuracy", 0) == 0.5
        assert folder.trials[3].value("accuracy") is None
        assert folder.trials[1].failed


def test_the_table(tmp_path):
    """By number, the statistic asked for first; texts with commas are quoted."""
    with SweepFolder(tmp_path, {}) as folder:
        folder.record(1, {"a": [1, 2]}, RUNG, failed=False)
        folder.record(0, {"a": "x"}, Rung("failed: a, b\nc", 0, {}), failed=True)
        path = folder.write_results("accuracy")
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows == [
        ["trial", "a", "outcome", "iter", "accuracy", "accuracy at", "loss"],
        ["0", "x", "failed: a, b", "0", "", "", ""],
        ["1", "[1, 2]", "finished", "10", "0.5", "8", "1.5"],
    ]


def test_another_sweep_is_refused(tmp_path):
    """Both are told; more trials are no other sweep where they may grow."""
    SweepFolder(tmp_path, {"random": ["a=1..2"], "trials": 5}).close()
    with pytest.raises(SpecError, match=r"its random is .*a=1..2.*and here it is .*a=1..3"):
        SweepFolder(tmp_path, {"random": ["a=1..3"], "trials": 5})
    SweepFolder(tmp_path, {"random": ["a=1..2"], "trials": 8}, "trials").close()
    with pytest.raises(SpecError, match="its trials is 8, and here it is 5"):
        SweepFolder(tmp_path, {"random": ["a=1..2"], "trials": 5}, "trials")


def test_files_of_others_are_refused(tmp_path):
    """And left alone."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SpecError, match=r"such as 'notes\.txt'"):
        SweepFolder(tmp_path, {})
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_two_at_a_time(tmp_path, monkeypatch):
    """The second is refused, after it has waited a little."""
    pytest.importorskip("fcntl", reason="file locks as POSIX has them")
    monkeypatch.setattr(sweep_folder, "_PATIENCE_S", 0.1)
    with (
        SweepFolder(tmp_path, {}),
        pytest.raises(SnapshotError, match="a sweep is going on there"),
    ):
        SweepFolder(tmp_path, {})


def test_what_a_kill_has_left(tmp_path):
    """Half-written files go; others stay."""
    SweepFolder(tmp_path, {}).close()
    for name in ("results.csv.0123abcd.unfinished", "trials/0001.json.0123abcd.unfinished"):
        (tmp_path / name).write_text("{")
    (tmp_path / "mine.unfinished").write_text("x")
    SweepFolder(tmp_path, {}).close()
    left = sorted(p.name for p in tmp_path.rglob("*.unfinished"))
    assert left == ["mine.unfinished"]


@pytest.mark.parametrize("name", ["sweep.json", "trials/0001.json"])
def test_files_that_no_sweep_wrote(tmp_path, name):
    """Are told by name."""
    with SweepFolder(tmp_path, {}) as folder:
        folder.record(1, {}, RUNG, failed=False)
    (tmp_path / name).write_text("[]")
    with pytest.raises(SpecError, match="was not written by a sweep"):
        SweepFolder(tmp_path, {})
