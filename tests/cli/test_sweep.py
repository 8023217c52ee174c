"""Tests of ``graphnet sweep``: real trials of a small net."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time

import pytest

GRID = "--grid lr_policy.base_lr=0.1,0.01 --grid layers.ip1.output_dim=3,4"


def table(folder):
    """The rows of results.csv."""
    return list(csv.DictReader((folder / "results.csv").read_text().splitlines()))


def test_a_grid(run, folder):
    """Every combination; the best is said, with its run."""
    result = run(f"sweep net.yaml {GRID} -o out --jobs 2")
    assert result.code == 0, result.err
    rows = table(folder / "out")
    assert [(r["lr_policy.base_lr"], r["layers.ip1.output_dim"]) for r in rows] == [
        ("0.1", "3"), ("0.1", "4"), ("0.01", "3"), ("0.01", "4"),
    ]  # fmt: skip
    assert {r["outcome"] for r in rows} == {"finished"}
    assert {r["iter"] for r in rows} == {"6"}
    best = max(float(r["accuracy"]) for r in rows)
    first = next(r for r in rows if float(r["accuracy"]) == best)
    assert any(line.startswith("best") and f"={first['lr_policy.base_lr']}" in line
               for line in result.lines)  # fmt: skip
    assert (folder / "out" / "runs" / f"000{first['trial']}" / "snapshots").is_dir()
    before = (folder / "out" / "results.csv").read_bytes()
    again = run(f"sweep net.yaml {GRID} -o out")
    assert again.lines[0] == "going on: 4 of 4 trials are there"
    assert (folder / "out" / "results.csv").read_bytes() == before


def test_a_trial_is_what_solve_would_have_done(run, folder):
    """The same settings by hand reach the same."""
    run("sweep net.yaml --grid lr_policy.base_lr=0.02 -o out")
    run("solve net.yaml --set lr_policy.base_lr=0.02 --exp-dir alone --quiet")
    ours = (folder / "out" / "runs" / "0000" / "statistics.jsonl").read_bytes()
    assert ours == (folder / "alone" / "statistics.jsonl").read_bytes()


def test_one_that_fails(run, folder):
    """Is a row of the table, and the others go on."""
    result = run("sweep net.yaml --grid layers.ip1.output_dim=2,3 -o out")
    assert result.code == 0
    rows = table(folder / "out")
    assert rows[0]["outcome"].startswith("failed: ")
    assert rows[1]["outcome"] == "finished"


def test_halving(run, folder):
    """Most trials are short."""
    options = "--random lr_policy.base_lr=log:0.001..0.1 --trials 4 --halving 2"
    assert run(f"sweep net.yaml {options} --set max_iter=8 -o out").code == 0
    assert sorted(int(r["iter"]) for r in table(folder / "out")) == [2, 2, 4, 8]


@pytest.mark.slow
def test_a_sweep_killed_three_times_ends_with_the_same_table(folder):
    """By SIGKILL, at whatever moment; the trials' own processes save themselves."""
    pytest.importorskip("fcntl", reason="file locks as POSIX has them")
    options = (
        "--random lr_policy.base_lr=log:0.001..0.5 --random layers.ip1.output_dim=3..6 --trials 4"
        " --jobs 2 --halving 2 --set max_iter=2000"
    )
    command = [sys.executable, "-m", "graphnet", "sweep", "net.yaml", *options.split(), "-o"]
    subprocess.run([*command, "alone"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    trials = folder / "killed" / "trials"
    for n_ended in (1, 2, 4):  # in the first rung, of three
        with subprocess.Popen(
            [*command, "killed"], cwd=folder, stdout=subprocess.DEVNULL, env=dict(os.environ)
        ) as process:
            deadline = time.monotonic() + 120
            while len(list(trials.glob("*.json"))) < n_ended and time.monotonic() < deadline:
                time.sleep(0.01)
            assert process.poll() is None
            process.kill()
    subprocess.run([*command, "killed"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    tables = [(folder / name / "results.csv").read_bytes() for name in ("alone", "killed")]
    assert tables[0] == tables[1]
    assert tables[0].count(b"\n") == 5


def test_a_budget(run, folder):
    """What is going on is saved, and the same command goes on."""
    result = run("sweep net.yaml --grid lr_policy.base_lr=0.1,0.2 -o out --budget 0.01s")
    assert result.code == 0
    assert "the budget is used up" in result.out
    assert run("sweep net.yaml --grid lr_policy.base_lr=0.1,0.2 -o out").code == 0
    assert len(table(folder / "out")) == 2


def test_optuna_proposes(run, folder):
    """Its journal lies in the directory; more trials may be added."""
    pytest.importorskip("optuna", reason="needs the extra optuna")
    options = "--optuna lr_policy.base_lr=log:0.001..0.5 -o out --trials"
    assert run(f"sweep net.yaml {options} 2").code == 0
    assert run(f"sweep net.yaml {options} 3").code == 0
    assert len(table(folder / "out")) == 3
    assert (folder / "out" / "optuna.journal").is_file()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "expected one of --grid, --random and --optuna, found none"),
        ("--grid max_iter=1,2 --random max_iter=1..2", "found --grid and --random"),
        ("--grid max_iter=1..3", "draw from the range: --random"),
        ("--grid layers.ip9.output_dim=1,2", "has no item 'ip9'"),
        ("--grid lr_policy.base_lr=0.1,fast", "--set lr_policy.base_lr=fast"),
        ("--grid max_itr=1,2", "did you mean 'max_iter'"),
        ("--grid max_iter=1,2 --trials 3", "as many trials as it has combinations"),
        ("--grid max_iter=1,2 --budget soon", "expected a time such as 90s"),
        ("--grid max_iter=1,2 --halving 2", "it chooses 'max_iter' itself"),
        ("--grid seed=1,2 --key speed", "mode: max, or mode: min"),
        ("--grid seed=1,2 --set coffee_breaks=[]", "measures nothing"),
        ("--grid exp_dir=a,b", "a directory of its own"),
    ],
)
def test_mistakes(run, folder, options, said):
    """They are told before anything is trained."""
    result = run(f"sweep net.yaml {options} -o out")
    assert result.code == 1
    assert said in result.err
    assert not (folder / "out").exists()


def test_another_folder(run, folder):
    """One with files of the user's, or of another sweep, is refused."""
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("x")
    assert "no sweep has made" in run("sweep net.yaml --grid seed=1 -o mine").err
    assert run("sweep net.yaml --grid seed=1 -o out").code == 0
    assert "holds another sweep" in run("sweep net.yaml --grid seed=2 -o out").err
