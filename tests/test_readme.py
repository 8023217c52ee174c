"""What the README shows is run as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from graphnet.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, flags=re.DOTALL)

SOLVER = "method: SGD\nmax_iter: 4\nexp_dir: run\n"


def block(kind: str, containing: str) -> str:
    """The first block of a kind that contains a text."""
    return next(text for k, text in BLOCKS if k == kind and containing in text)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory, on data that is part of the package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GRAPHNET_OFFLINE", "1")
    return tmp_path


def test_the_coffee_break_of_the_readme_runs_from_yaml(here):
    """The class beside the solver file, the list entry as printed: statistics are recorded."""
    (here / "my_hooks.py").write_text(block("python", "class Espresso"))
    (here / "solver.yaml").write_text(SOLVER + block("yaml", "my_hooks.Espresso"))
    assert main(["solve", str(ROOT / "nets" / "iris.yaml"), "--solver", "solver.yaml"]) == 0
    lines = [json.loads(line) for line in (here / "run/statistics.jsonl").read_text().splitlines()]
    recorded = [line for line in lines if line["key"] == "ip1.norm"]
    assert [line["iter"] for line in recorded] == [0]
    assert recorded[0]["value"] > 0


def test_a_misspelt_keyword_of_it_is_an_error_at_its_line(here, capsys):
    """What the README says of its keys."""
    (here / "my_hooks.py").write_text(block("python", "class Espresso"))
    breaks = block("yaml", "my_hooks.Espresso").replace("layer:", "leyer:")
    (here / "solver.yaml").write_text(SOLVER + breaks)
    assert main(["solve", str(ROOT / "nets" / "iris.yaml"), "--solver", "solver.yaml"]) == 1
    error = capsys.readouterr().err
    assert "solver.yaml:5:31: coffee_breaks[0] (my_hooks.Espresso): unknown key 'leyer'" in error
    assert "did you mean 'layer'?" in error


def test_the_class_of_the_readme_is_about_ten_lines():
    """A hook is small."""
    code = [line for line in block("python", "class Espresso").splitlines() if line.strip()]
    assert len(code) <= 12


def test_the_sample_message_is_what_is_printed(here, capsys):
    """The mistake the README shows, made."""
    text = (ROOT / "nets" / "mnist.yaml").read_text()
    (here / "solvers").symlink_to(ROOT / "solvers")
    (here / "nets").mkdir()
    (here / "nets/mnist.yaml").write_text(text.replace("n_filter: 20", "n_fitler: 20"))
    assert main(["check", "nets/mnist.yaml"]) == 1
    shown = block("", "n_fitler")
    assert shown.splitlines()[0] in capsys.readouterr().err.splitlines()


def test_the_python_of_the_readme_runs(here):
    """Train by the API shown, then load the run and predict, as printed."""
    for folder in ("nets", "solvers"):
        (here / folder).symlink_to(ROOT / folder)
    train = block("python", "gn.solve(solver, net)")
    short = train.replace(
        "state = gn.solve",
        "solver.spec = solver.spec.model_copy(update={'max_iter': 2})\nstate = gn.solve",
    )
    predict = block("python", "net.predict")
    code = "import graphnet as gn\n" + short + predict
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "validation after iteration 0" in done.stdout
    assert done.stdout.rstrip().endswith("]]")


def test_every_command_of_the_readme_exists():
    """A command shown is one there is."""
    from graphnet.cli.app import app

    known = {c.name or c.callback.__name__.strip("_") for c in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    shown = set(re.findall(r"graphnet ([a-z][a-z-]*)", "\n".join(t for _, t in BLOCKS)))
    assert shown - known <= {"as"}, shown - known


def test_links_lead_somewhere():
    """Every relative link of the README is a file."""
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
