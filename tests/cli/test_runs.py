"""Tests of ``graphnet runs``."""

import json
from pathlib import Path

import pytest
from support.made_runs import make_run

from graphnet.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, lr, accuracy in (("a", 0.1, 0.9), ("b", 0.01, 0.95), ("c", 1.0, float("nan"))):
        make_run(Path("runs") / name, {"accuracy": {100: accuracy}}, lr=lr)
    make_run(Path("runs/a/earlier-001"), {"accuracy": {100: 0.5}}, lr=0.5)


def printed(command, capsys, code=0):
    assert main(command.split()) == code
    said = capsys.readouterr()
    return said.err if code else said.out


def test_the_table(capsys):
    """What differs, how far, how good, how long; those set aside are left out."""
    lines = printed("runs", capsys).splitlines()
    assert lines[0].split() == ["run", "base_lr", "iter", "best", "accuracy", "took", "ended"]
    assert [line.split() for line in lines[1:]] == [
        ["a", "0.1", "100", "0.9", "2.5", "s", "finished"],
        ["b", "0.01", "100", "0.95", "2.5", "s", "finished"],
        ["c", "1", "100", "nan", "2.5", "s", "finished"],
    ]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("--sort accuracy", ["a", "b", "c"]),
        ("--sort -accuracy", ["b", "a", "c"]),
        ("--sort base_lr", ["b", "a", "c"]),
        ("--filter base_lr=0.1", ["a"]),
        ("--filter base_lr<=0.1 --filter accuracy>0.92", ["b"]),
        ("--filter net!=small", []),
        ("--all", ["a", "earlier-001", "b", "c"]),
    ],
)
def test_choosing_and_sorting(options, names, capsys):
    """By settings and by statistics."""
    found = json.loads(printed(f"runs runs --json {options}", capsys))
    assert sorted(Path(run["path"]).name for run in found) == sorted(names)
    if "nan" not in str(found) or "base_lr" in options:
        assert [Path(run["path"]).name for run in found] == names


def test_json(capsys):
    """What scripts rely on; a value that is not finite is a text."""
    run = json.loads(printed("runs runs --json --filter base_lr=1", capsys))[0]
    assert {"path", "net", "iter", "best", "ended", "settings"} <= run.keys()
    assert run["best"] == {"accuracy": {"value": "nan", "iter": 100}}
    assert run["settings"]["lr_policy.base_lr"] == 1.0


def test_no_runs(capsys):
    """Is no failure."""
    Path("empty").mkdir()
    assert printed("runs empty", capsys) == "no run in empty\n"
    assert printed("runs --filter iter>1000", capsys) == "none of the 3 runs meets that\n"


def test_diff(capsys):
    """Settings and figures side by side."""
    lines = [line.split() for line in printed("runs diff runs/a runs/b", capsys).splitlines()]
    assert lines == [
        ["runs/a", "runs/b"],
        ["lr_policy.base_lr", "0.1", "0.01"],
        ["iter", "100", "100"],
        ["best", "accuracy", "0.9", "0.95"],
        ["ended", "finished", "finished"],
    ]
    found = json.loads(printed("runs diff runs/a runs/b --json", capsys))
    assert found["settings"] == {"lr_policy.base_lr": [0.1, 0.01]}


def test_diff_of_one_with_itself(capsys):
    """Says that nothing differs."""
    assert printed("runs diff runs/a runs/a", capsys).startswith("the two were declared alike\n")


def test_rm_set_aside(capsys):
    """Those alone; the run they were set aside from stays."""
    for name in ("net.yaml", "solver.yaml"):
        Path("runs/a/earlier-001", name).unlink()
    assert printed("runs rm --set-aside runs", capsys) == "removed: runs/a/earlier-001\n"
    assert sorted(p.name for p in Path("runs/a").iterdir()) == [
        "net.yaml", "run.json", "solver.yaml", "statistics.jsonl",
    ]  # fmt: skip
    assert printed("runs rm --set-aside runs", capsys) == "there is no run that was set aside\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("runs nowhere", "nowhere: no such folder\n"),
        ("runs --sort size", "--sort size: no run has 'size'\n  expected one of: accuracy, "),
        (
            "runs --filter lr",
            "--filter lr: expected a key, one of =, !=, <, >, <=, >=, and a value\n",
        ),
        ("runs diff runs runs/a", "runs: this is no run's directory\n"),
        ("runs rm runs/x", "runs/x: no such folder\n"),
    ],
)
def test_mistakes(command, message, capsys):
    """Name the cause and what to do."""
    assert printed(command, capsys, code=1).startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--filter acuracy>0.9", "--filter acuracy>0.9: no run has 'acuracy'\n  did you mean 'acc"),
        ("--filter qqq=3", "no run has 'qqq'\n  expected one of: accuracy, "),
        ("--sort acuracy", "--sort acuracy: no run has 'acuracy'\n  did you mean 'accuracy'?"),
    ],
)
def test_a_key_that_no_run_has(options, message, capsys):
    """It is a slip, and no answer."""
    assert message in printed(f"runs {options}", capsys, 1)


@pytest.mark.parametrize("name", ["esc\x1b[31mred", "new\nline", "bell\x07"])
def test_a_run_whose_name_steers_a_terminal(name, capsys):
    """Each run is one line, and nothing in it is carried out."""
    make_run(Path("hostile") / name, {"accuracy": {100: 0.5}})
    heading, line = printed("runs hostile", capsys).splitlines()
    assert heading.startswith("run")
    assert line.isprintable()
    assert main(["runs", "rm", f"hostile/{name}"]) == 0
    assert "\x1b" not in capsys.readouterr().out
