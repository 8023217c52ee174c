"""Tests of graphnet.runs.found."""

import json
import subprocess
import sys
from math import isnan
from pathlib import Path

import pytest
from support.made_runs import make_run

from graphnet.errors import SpecError
from graphnet.runs.found import find_runs, read_run


def test_what_is_known_of_a_run(tmp_path):
    """From its record and its statistics."""
    statistics = {
        "obj_val": {10: 0.5, 20: 0.25},
        "lr": {10: 0.1},
        "train.loss": {10: 0.1},
        "loss": {10: 0.6, 20: 0.7},
        "accuracy": {10: 0.5, 20: 0.9, 30: 0.8},
    }
    run = read_run(make_run(tmp_path / "run", statistics, starts=[(0, 15, 2.0), (15, 40, 3.0)]))
    assert (run.net, run.data, run.iter) == ("small", ["dataset:x/train", "x.h5"], 40)
    assert (run.started, run.ended, run.seconds) == ("2026-01-02T03:04:05+00:00", "finished", 5.0)
    assert run.best == {"obj_val": (0.25, 20), "loss": (0.6, 10), "accuracy": (0.9, 20)}
    assert run.settings["lr_policy.base_lr"] == 0.1


def test_best_of_what_has_no_better(tmp_path):
    """The last value; NaN is never the best, unless there is nothing else."""
    statistics = {"guess": {1: 5.0, 2: 3.0}, "loss": {1: float("nan"), 2: 0.5}, "error": {3: "NaN"}}
    best = read_run(make_run(tmp_path / "run", statistics)).best
    assert best["guess"] == (3.0, 2)
    assert best["loss"] == (0.5, 2)
    assert isnan(best["error"][0])


def test_a_run_that_has_not_ended(tmp_path):
    """It may be going on, or have been killed: nobody can tell."""
    run = read_run(make_run(tmp_path / "run", {"loss": {7: 1.0}}, outcome=None))
    assert (run.ended, run.iter, run.seconds) == ("running or killed", 7, 0.0)


def test_runs_are_found_below(tmp_path):
    """In folders of folders, those set aside too; nothing is looked for within snapshots."""
    for name in ("b", "a/deep/er", "b/earlier-001", "c/snapshots/no", ".hidden/no"):
        make_run(tmp_path / name, {})
    (tmp_path / "run.json").write_text('{"not": "a run"}')
    found = find_runs(tmp_path)
    assert [str(run.path.relative_to(tmp_path)) for run in found] == [
        "a/deep/er",
        "b",
        "b/earlier-001",
    ]
    assert [run.is_aside for run in found] == [False, False, True]
    assert [run.path for run in find_runs(tmp_path / "b")] == [
        tmp_path / "b",
        tmp_path / "b/earlier-001",
    ]


def test_links_are_not_followed(tmp_path):
    """They may lead in a circle."""
    make_run(tmp_path / "a", {})
    (tmp_path / "a/more").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(find_runs(tmp_path)) == 1


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b'{"starts": 3}', b'{"starts": [1, null]}', b'{"starts": [], "data": 5}'],
)
def test_a_damaged_record(tmp_path, damage):
    """Never raises: it is no run, or one of which less is known."""
    path = make_run(tmp_path / "run", {"loss": {1: 0.5}})
    (path / "run.json").write_bytes(damage)
    for run in find_runs(tmp_path):
        assert (run.ended, run.data, run.started) == ("running or killed", [], "")


def test_damaged_statistics(tmp_path):
    """Lines that hold no value are passed over."""
    path = make_run(tmp_path / "run", {"loss": {1: 0.5}})
    with (path / "statistics.jsonl").open("ab") as file:
        file.write(b"\0\0\n{\n" + json.dumps({"iter": 2, "key": "loss", "value": 0.25}).encode())
    assert read_run(path).best["loss"] == (0.25, 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [("none", "none: no such folder"), ("empty", "empty: this is no run's directory")],
)
def test_no_run(tmp_path, monkeypatch, name, message):
    """It is said what is there instead."""
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    with pytest.raises(SpecError, match=message):
        read_run(Path(name).absolute())


def test_no_folder(tmp_path):
    """Neither is a file."""
    with pytest.raises(SpecError, match="no such folder"):
        find_runs(tmp_path / "none")
    with pytest.raises(SpecError, match=r"for a picture write --output \S*curves.svg"):
        find_runs(tmp_path / "curves.svg")
    (tmp_path / "file").touch()
    with pytest.raises(SpecError, match="this is no folder"):
        find_runs(tmp_path / "file")


def test_listing_runs_loads_no_layers():
    """They are most of what is loaded, and of the time of listing hundreds of runs."""
    code = (
        "import sys, graphnet.cli.runs; "
        "print([m for m in sys.modules if m.startswith(('graphnet.layers', 'graphnet.draw'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
