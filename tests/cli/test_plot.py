"""Tests of ``graphnet plot``."""

import json
from pathlib import Path

import pytest
from support.made_runs import make_run

from graphnet.cli import main
from graphnet.cli import plot as plot_module


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, lr in (("a", 0.1), ("b", 0.01)):
        make_run(Path("runs") / name, {"loss": {10: 1.0, 100: lr}, "accuracy": {100: 0.9}}, lr=lr)
    make_run(Path("runs/a/earlier-001"), {"loss": {100: 0.5}})


@pytest.mark.parametrize(("name", "begins"), [("x.svg", b"<svg"), ("x.png", b"\x89PNG")])
def test_pictures(name, begins, capsys):
    """All runs of a folder, without those set aside."""
    assert main(["plot", "runs", "-o", name]) == 0
    assert Path(name).read_bytes().startswith(begins)
    assert capsys.readouterr().out == f"2 runs drawn: {name}\n"


def test_characters(capsys):
    """A chart for each statistic where no file is named."""
    assert main(["plot", "runs/a"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("a ")] == ["a  loss", "a  accuracy"]
    assert max(map(len, lines)) <= 80


def test_one_key(capsys):
    """Only that."""
    assert main(["plot", "runs/a", "--key", "accuracy"]) == 0
    assert "loss" not in capsys.readouterr().out


def test_one_that_was_set_aside():
    """Is drawn where it is named."""
    assert main(["plot", "runs/a/earlier-001", "-o", "x.svg"]) == 0


def test_watch(monkeypatch):
    """Again and again until the run has ended."""
    record = json.loads(Path("runs/a/run.json").read_text())
    del record["starts"][0]["outcome"]
    Path("runs/a/run.json").write_text(json.dumps(record))
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 2:
            record["starts"][0]["outcome"] = "finished"
            Path("runs/a/run.json").write_text(json.dumps(record))

    monkeypatch.setattr(plot_module, "sleep", sleep)
    assert main(["plot", "runs/a", "-o", "x.svg", "--watch", "3"]) == 0
    assert waited == [3.0, 3.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs", "-o", "x.pdf"], "x.pdf: the name says no kind of picture that is drawn\n"),
        (["nowhere"], "nowhere: no such folder\n"),
        (["empty"], "empty: there is no run in it\n  give a run's directory"),
        (
            ["runs/a", "--key", "acc"],
            "a has not recorded 'acc'\n  did you mean 'accuracy'?",
        ),
        (["runs/a", "-o", "x.svg", "--key", "acc"], "no run has recorded 'acc'\n"),
        (
            ["runs/a", "--key", "loss,lr"],
            "a has not recorded 'loss,lr'\n  write --key loss --key lr",
        ),
        (["runs/a", "-o", "x.svg", "--over", "epoch"], "a: it has recorded no statistic 'epoch'\n"),
    ],
)
def test_mistakes(arguments, message, capsys):
    """Name the cause and what to do; nothing is written."""
    Path("empty").mkdir()
    assert main(["plot", *arguments]) == 1
    assert capsys.readouterr().err.startswith(message)
    assert not Path("x.svg").exists()
