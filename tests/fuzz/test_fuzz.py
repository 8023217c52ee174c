"""Some hundreds of mutated inputs; ``python -m tests.fuzz`` reads as many thousands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphnet.backend import base
from graphnet.cli import app
from graphnet.interchange.weights import importing
from tests.fuzz.cases import Fuzzer, file_cases, yaml_cases
from tests.fuzz.models import MODEL_FILES
from tests.fuzz.mutate_yaml import bomb

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"net", "solver", "hdf5", "snapshot", "forged", "run"}
KINDS |= {"idx", "npy", "csv", "picture", "cifar", "listing"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="cases run in forked processes"),
]


def run(*arguments):
    """A module of the fuzzer as a process of its own."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """What the short campaign has counted."""
    path = tmp_path_factory.mktemp("figures") / "figures.json"
    done = run("tests.fuzz", "--short", "--json", str(path))
    assert path.exists(), done.stderr
    return json.loads(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def planted():
    """What the fuzzer has found of faults that were built in."""
    done = run("tests.fuzz.planted")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_input_does_harm(figures):
    """No traceback, no hang, no memory taken, no dead process, no rejection without a place."""
    assert figures["faults"] == {}


def test_no_model_does_harm(tmp_path):
    """Those of other frameworks: an end, or an error that names the file."""
    pytest.importorskip("onnx", reason="needs the extra onnx")
    path = tmp_path / "figures.json"
    n = ("--yaml", "0", "--files", "0", "--models", "60")
    done = run("tests.fuzz", *n, "--json", str(path))
    assert path.exists(), done.stderr
    found = json.loads(path.read_text("utf-8"))
    assert found["faults"] == {}
    assert found["outcomes"].keys() == MODEL_FILES.keys()
    assert all("rejected" in outcomes for outcomes in found["outcomes"].values())
    assert all("accepted" in found["outcomes"][kind] for kind in MODEL_FILES if kind != "torch")


def test_inputs_are_of_every_kind(figures):
    """Enough of each was read, and some of it was accepted."""
    outcomes = figures["outcomes"]
    assert outcomes.keys() == KINDS
    assert sum(outcomes["net"].values()) + sum(outcomes["solver"].values()) >= 300
    assert sum(sum(outcomes[kind].values()) for kind in KINDS) >= 500
    assert outcomes["net"]["accepted"] > 0
    assert outcomes["hdf5"]["accepted"] > 0
    assert all("rejected" in outcomes[kind] for kind in KINDS - {"run"})


@pytest.mark.parametrize(
    ("fault", "outcome", "said"),
    [
        ("fails", "traceback", "KeyError: 'planted'"),
        ("sleeps", "hang", "in _sleeps"),
        ("allocates", "memory", "MiB more"),
        ("allocates too much", "memory", "there is not enough memory"),
        ("names no place", "unplaced", "planted: somewhere something is wrong"),
        ("dies", "killed", "SIGSEGV"),
        ("prints a traceback", "traceback", "Traceback"),
        ("none", "accepted", "InnerProduct"),
    ],
)
def test_a_planted_fault_is_found(planted, fault, outcome, said):
    """Each is reported for what it is, and a sound net is accepted."""
    found, text = planted[fault]
    assert found == outcome
    assert said in text


def test_a_case_is_a_function_of_its_name_and_the_seed(tmp_path, monkeypatch):
    """Any one can be had again, byte for byte, whatever came before it."""
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    for module, name in (  # which a fuzzer puts others in the place of
        *((importing, "spec_of"), (importing, "compiled_phases")),
        *((base, "available_memory"), (app, "report")),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.chdir(tmp_path)
    cases = [*yaml_cases(40), *file_cases(60)]
    made = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        fuzzer = Fuzzer(tmp_path / folder)
        made.append({case: fuzzer.write(case).read_bytes() for case in cases})
        cases.reverse()
    assert made[0] == made[1]
    assert len(set(made[0].values())) > 90


def test_one_case_can_be_done_again():
    """``--only`` shows the input, the outcome and what was printed."""
    done = run("tests.fuzz", "--only", "net:3")
    assert done.returncode == 0, done.stderr
    shown, _, result = done.stdout.partition("\n--- net:3, ")
    assert "type:" in shown.replace('"', "")
    assert result.split(",")[0].endswith(": rejected") or ": accepted" in result


def test_a_bomb_is_one():
    """Three lines of five aliases each are 125 values."""
    assert bomb(3, 5).count("*") == 10
    assert bomb(3, 5).startswith("[&bomb0 [1, 1, 1, 1, 1], &bomb1 [*bomb0, ")
