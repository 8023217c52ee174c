"""Tests of ``graphnet new``: what it writes is checked without a doubt, and runs at once."""

from pathlib import Path

import pytest
from support.made_data import KINDS, made_rows, write_h5

from graphnet.cli import main
from graphnet.starters.templates import TEMPLATES


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GRAPHNET_OFFLINE", "1")
    return tmp_path


def check_without_doubt(net, capsys):
    """``graphnet check`` has nothing to say against it, in either phase."""
    for phase in ("train", "test"):
        capsys.readouterr()
        assert main(["check", net, "--phase", phase]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        doubts = [line for line in said.out.splitlines() if line.startswith("!")]
        assert not doubts or "FALL-BACK DATA" in doubts[0]


def test_a_copy_runs_at_once(run, capsys):
    """And nothing is written anywhere else."""
    found = run("new mine --like mnist")
    assert found.lines == [
        "a copy of mnist: LeNet, as in Mocha's tutorial",
        "in mine: net.yaml, solver.yaml",
        "train it: graphnet solve mine/net.yaml",
    ]
    check_without_doubt("mine/net.yaml", capsys)
    few = "--set max_iter=2 --set layers.train-data.batch_size=4 --set coffee_breaks=[]"
    assert run(f"solve mine/net.yaml {few}").code == 0
    assert sorted(path.name for path in Path("mine").iterdir()) == [
        "net.yaml", "run", "solver.yaml",
    ]  # fmt: skip
    assert [path.name for path in Path().iterdir()] == ["mine"]


def test_a_copy_of_several_stages(run):
    """They are named in the order in which they are trained."""
    lines = run("new 'my nets' --like denoising-autoencoder-2").lines
    assert lines[2:] == [
        "train it: graphnet solve 'my nets/denoising-autoencoder-1.yaml'",
        "          graphnet solve 'my nets/net.yaml'",
    ]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_runs_at_once(template, run, capsys):
    """Its hook too; the rows are tested."""
    found = run(f"new mine --template {template}")
    assert found.lines[1:] == [
        "in mine: net.yaml, solver.yaml, hooks.py, README.md",
        "train it: graphnet solve mine/net.yaml",
    ]
    check_without_doubt("mine/net.yaml", capsys)
    few = "--set layers.train-data.rows=:64 --set layers.test-data.rows=:30 --set max_epoch=1"
    every = " ".join(f"--set coffee_breaks.{i}.every_n_epoch=1" for i in range(4))
    assert run(f"solve mine/net.yaml {few} {every}").code == 0
    recorded = Path("mine/run/statistics.jsonl").read_text()
    assert ".norm" in recorded
    assert "loss" in recorded
    assert run("test mine/net.yaml --weights mine/run").code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_net_for_data_is_checked_without_doubt(kind, run, capsys):
    """Whatever the data is."""
    write_h5(Path("rows/train.h5"), **made_rows(kind))
    write_h5(Path("rows/test.h5"), **made_rows(kind, 50))
    found = run("new here/mine --from rows")
    assert found.lines[1].startswith("in here/mine: net.yaml")
    check_without_doubt("here/mine/net.yaml", capsys)


def test_packed_data(run, capsys):
    """The names of classes are in the net, and what is wrong with the data is said."""
    Path("table.csv").write_text(
        "a,b,kind\n" + "".join(f"{i},{i % 7},{'odd' if i % 2 else 'even'}\n" for i in range(60))
    )
    assert run("data pack table.csv --label kind --split 0.2 --to packed").code == 0
    found = run("new mine --from packed")
    assert "in 2 classes (even, odd), from packed" in found.lines[0]
    assert "(even, odd)" in Path("mine/net.yaml").read_text()
    check_without_doubt("mine/net.yaml", capsys)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("new x --like mnits", "there is no net 'mnits' to start from\n  did you mean 'mnist'?"),
        ("new x --template mpl", "there is no template 'mpl'\n  did you mean 'mlp'?"),
        ("new x --like mnist --from y", "--like copies a net as it is\n  leave out --from"),
        ("new x --like mnist --template mlp", "--like copies a net as it is\n  leave out --templ"),
        ("new x", "new: from what?\n  a copy of a shipped net: --like mnist"),
        ("new full --like mnist", "the folder full is there already, and it is not empty\n"),
        ("new full/file --template mlp", "full/file is there already\n  choose another name"),
        ("new x --from y", "y: there is no such file or folder\n"),
    ],
)
def test_mistakes(command, message, capsys):
    """Each says what to do; nothing is written."""
    Path("full").mkdir()
    Path("full/file").touch()
    assert main(command.split()) == 1
    assert capsys.readouterr().err.startswith(message)
    assert sorted(str(path) for path in Path().rglob("*")) == ["full", str(Path("full/file"))]
