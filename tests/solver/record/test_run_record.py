"""What is written down of each start."""

import json
from pathlib import Path

import pytest
from support import fake_runs
from support.fake_net import FakeNet
from support.fake_runs import Killed, kill_at, train

from graphnet.backend.machine import processor
from graphnet.solver.record.snapshot_file import read

_folder = pytest.fixture(autouse=True)(fake_runs.in_a_folder_of_its_own)


def test_record_of_a_run(tmp_path):
    """When, from where to where, with which versions and data; a second start is added."""
    train("run", 3)
    train("run", 5)
    record = json.loads((tmp_path / "run/run.json").read_text())
    assert record["data"] == {"sources": {"data": "memory"}, "fell_back": False}
    assert (record["net"], record["seed"], record["precision"]) == ("fake", 0, "float64")
    assert set(record["versions"]) == {"graphnet", "numpy", "h5py", "python"}
    assert [(s["from_iter"], s["to_iter"], s["outcome"]) for s in record["starts"]] == [
        (0, 3, "finished"),
        (3, 5, "finished"),
    ]


def test_record_of_a_start_that_failed(tmp_path):
    """How it ended is said, and where."""
    with pytest.raises(Killed, match="killed"):
        train("run", 9, kill_at(FakeNet(), 3))
    (start,) = json.loads((tmp_path / "run/run.json").read_text())["starts"]
    assert (start["to_iter"], start["outcome"]) == (2, "failed: Killed")


def test_another_kind_of_processor_is_told(tmp_path):
    """When the run goes on; the record has the new one, so that it is told once."""
    train("run", 3)
    path = tmp_path / "run/run.json"
    record = json.loads(path.read_text())
    assert record["processor"] == processor().to_dict()
    path.write_text(json.dumps(record | {"processor": record["processor"] | {"blas": ["mkl"]}}))
    _, reporter = train("run", 3)
    assert reporter.warnings == []  # it has ended
    _, reporter = train("run", 5)
    (warning,) = reporter.warnings
    assert warning.startswith("this run goes on on another kind of processor: ")
    assert "BLAS mkl, now " in warning
    assert train("run", 7)[1].warnings == []


def test_files_are_named_in_the_record():
    """So that they are known to be the run's."""
    train("run", 3)
    record = json.loads(Path("run/run.json").read_text())
    assert set(record["files"]) == {"net.yaml", "solver.yaml"}
    assert record["outputs"] == []


def test_the_recorded_solver_names_the_directory_it_lies_in():
    """Wherever that is, and in every snapshot."""
    train("run", 3)
    assert "exp_dir: .\n" in Path("run/solver.yaml").read_text()
    assert "exp_dir: .\n" in read(Path("run/snapshots/snapshot-000003.h5")).solver_yaml
