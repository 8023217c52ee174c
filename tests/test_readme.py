"""What the README and the tour show is run as it stands there, in order, in one shell."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import readme

import graphnet as gn
from graphnet.cli import main
from tests.parallel.jobs import HAS_MPI, needs_mpi

ROOT = Path(__file__).parent.parent
README = readme.README.read_text(encoding="utf-8")
TOUR = readme.TOUR.read_text(encoding="utf-8")
BLOCKS = readme.blocks(readme.README) + readme.blocks(readme.TOUR)

#: How much shorter the runs are than shown.
SHORTER = 100


def block(kind, containing):
    """The first block of a kind that contains a text."""
    return next(b.text for b in BLOCKS if b.kind == kind and containing in b.text)


def shortened(text):
    """A block with runs of a hundredth, and without what this machine has not got.

    What is installed by it is there, or what needs it is left out.
    """
    text = re.sub(
        r"(max_iter\S*[=:] ?)(\d+)", lambda m: f"{m[1]}{max(int(m[2]) // SHORTER, 1)}", text
    )
    left_out = [r"^pip install", r"--backend cupy", *([] if HAS_MPI else ["^mpiexec"])]
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not re.search("|".join(left_out), line))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """What a clone has for a user, short runs, and an environment to activate."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("nets", "solvers", "graphnet/data/sets/embedded"):
        (folder / name).mkdir(parents=True)
        for file in (ROOT / name).iterdir():
            (folder / name / file.name).write_bytes(file.read_bytes())
    solver = folder / "solvers/mnist.yaml"
    solver.write_text(shortened(solver.read_text()))
    bin_ = folder / ".venv/bin"
    bin_.mkdir(parents=True)
    (bin_ / "activate").write_text(f"PATH={bin_}:{Path(sys.executable).parent}:$PATH\n")
    (bin_ / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (bin_ / "graphnet").write_text(f'#!/bin/sh\nexec {sys.executable} -m graphnet "$@"\n')
    for script in ("python", "graphnet"):
        (bin_ / script).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def session(clone):
    """The first command without the installation, then everything behind the second: one shell."""
    train = readme.commands()[0].rpartition(" && ")[2]
    done = subprocess.run(
        ["bash", "-c", f"set -e\n{train}\n{readme.tour(shortened)}"],
        cwd=clone,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "GRAPHNET_DATA": str(clone / "cache"),
            "GRAPHNET_OFFLINE": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.any_python  # with the oldest CI runs all of it, not shortened
@pytest.mark.skipif(os.name != "posix", reason="the README's commands are for a POSIX shell")
class TestSession:
    """One run of all blocks; what it printed and left."""

    def test_a_run_goes_on(self, session, clone):
        """By the same command with a larger max_iter."""
        assert "going on from iteration 20 " in session
        assert (clone / "runs/short/snapshots/snapshot-000030.h5").exists()

    def test_the_graph_is_asked(self, session):
        """By networkx's own functions: what a layer depends on, and what can run at once."""
        layers = "train-data, conv1, pool1, conv2, pool2, ip1, ip1.neuron, ip2"
        assert f"the loss depends on {layers}\n" in session
        assert "\n2 layer 'conv1'\n3 blob 'conv1'\n" in session
        assert "(64, 20, 12, 12) is read by layer 'conv2'\n" in session

    def test_the_readme_asks_the_graph_too(self, session):
        """And shows, behind each question, what is printed."""
        asking = [b.text for b in readme.blocks(readme.README) if "import networkx" in b.text]
        shown = [line.removeprefix("# ") for line in asking[0].splitlines() if line[:2] == "# "]
        assert len(shown) == len(set(re.findall(r"\bnx\.\w+", asking[0]))) == 2
        assert set(shown) <= set(session.splitlines())

    def test_pictures_are_predicted(self, session):
        """Five of the test digits, each with its class; none is empty."""
        seen, are = re.search(r"seen as \[([\d ]+)\] are \[([\d. ]+)\]", session).groups()
        assert len(seen.split()) == len(are.split()) == 5
        assert len(set(are.split())) > 1

    def test_the_coffee_break_records(self, session, clone):
        """The class beside the solver's file."""
        lines = (clone / "runs/watched/statistics.jsonl").read_text().splitlines()
        found = [m for m in map(json.loads, lines) if m["key"] == "ip1.norm"]
        assert [m["iter"] for m in found] == [0]
        assert found[0]["value"] > 0

    def test_from_python(self, session):
        """The run reached its end, and the shapes are those stated."""
        assert "finished at iteration 3, epoch 0 (runs/from-python)" in session
        assert "(64, 500) (64, 500)" in session

    def test_data_are_packed(self, session):
        """A file of the package becomes one of graphnet's, and is described."""
        assert "train 120 samples in data/iris/train.h5" in " ".join(session.split())
        assert "3 classes in 'label'" in session

    @needs_mpi
    def test_two_ranks(self, session):
        """The run that mpiexec starts has a place of its own, so that it is no other run's."""
        assert "finished at iteration 5, epoch 0 (runs/ranks)" in session


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory, on data that is part of the package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GRAPHNET_OFFLINE", "1")
    return tmp_path


@pytest.mark.usefixtures("here")
def test_a_finished_run_returns_at_once(capsys):
    """As the README says; and begins anew where that is asked for."""
    net = gn.load_net(ROOT / "nets/iris.yaml", phase="train")
    solver = gn.load_solver({"max_iter": 3, "exp_dir": "run"})
    first = gn.solve(solver, net)
    assert gn.solve(solver, net).iter == first.iter
    assert "was finished before at iteration 3" in capsys.readouterr().out
    gn.solve(solver, net, fresh=True)
    assert "finished at iteration 3" in capsys.readouterr().out.splitlines()[-1]


def test_a_misspelt_keyword_of_the_break_is_an_error_at_its_line(here, capsys):
    """What the README says of its keys."""
    (here / "my_hooks.py").write_text(block("python", "class Espresso"))
    (here / "watched.yaml").write_text(
        block("yaml", "my_hooks.Espresso").replace("layer:", "leyer:")
    )
    assert main(["solve", str(ROOT / "nets" / "iris.yaml"), "--solver", "watched.yaml"]) == 1
    error = capsys.readouterr().err
    assert "watched.yaml:5:31: coffee_breaks[0] (my_hooks.Espresso): unknown key 'leyer'" in error
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


def test_the_two_commands_need_nothing_but_python():
    """Each makes its own environment and calls what it has put there by its path."""
    for command in readme.commands():
        steps = command.split(" && ")
        assert steps[0] == "python3 -m venv .venv"
        assert all(step.startswith(".venv/bin/") for step in steps[1:])


def test_every_command_of_the_readme_exists():
    """A command shown is one there is."""
    from graphnet.cli.app import app

    known = {c.name or c.callback.__name__.strip("_") for c in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    shown = set(re.findall(r"graphnet ([a-z][a-z-]*)", "\n".join(b.text for b in BLOCKS)))
    assert shown - known <= {"as"}, shown - known


def test_links_lead_somewhere():
    """Every relative link of both pages, and each picture, is a file."""
    for page, folder in ((README, ROOT), (TOUR, readme.TOUR.parent)):
        targets = re.findall(r"\]\(([^)#:]+)\)", page) + re.findall(r'src="([^"]+)"', page)
        for target in targets:
            assert (folder / target).exists(), target


def test_the_readme_takes_two_minutes():
    """What is longer belongs into docs/."""
    assert len(README.splitlines()) <= 130
