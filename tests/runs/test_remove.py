"""Tests of graphnet.runs.remove."""

import pytest
from support.made_runs import make_run

from graphnet.errors import SnapshotError
from graphnet.runs.remove import remove_run
from graphnet.solver.record.run_directory import RunDirectory


def real(path):
    """A run whose record knows its texts."""
    run = make_run(path, {"loss": {1: 0.5}})
    for name in ("net.yaml", "solver.yaml"):
        (run / name).unlink()
    (run / "snapshots").mkdir()
    (run / "snapshots/snapshot-000010.h5").write_bytes(b"x")
    return run


def test_all_of_it_goes(tmp_path):
    """With the directory."""
    run = real(tmp_path / "run")
    assert remove_run(run) == []
    assert not run.exists()


def test_what_is_not_its_own_stays(tmp_path):
    """It is named."""
    run = real(tmp_path / "run")
    (run / "notes.txt").write_text("mine")
    (run / "snapshots/mine.h5").write_text("mine")
    assert remove_run(run) == ["notes.txt", "snapshots"]
    assert sorted(p.name for p in run.rglob("*")) == ["mine.h5", "notes.txt", "snapshots"]


def test_one_that_is_going_on(tmp_path):
    """Is left alone."""
    run = real(tmp_path / "run")
    other = RunDirectory(run)
    other.open(print)
    try:
        with pytest.raises(SnapshotError, match="another run is going on there"):
            remove_run(run)
    finally:
        other.close()
    assert (run / "run.json").exists()


def test_a_folder_with_files_of_somebody_elses(tmp_path):
    """A net.yaml that no run has written is no run's to remove."""
    run = real(tmp_path / "run")
    (run / "run.json").write_text('{"starts": [], "files": {"net.yaml": []}}')
    (run / "net.yaml").write_text("mine")
    with pytest.raises(SnapshotError, match="no run has written it"):
        remove_run(run)
    assert (run / "net.yaml").read_text() == "mine"
    assert (run / "snapshots/snapshot-000010.h5").exists()
