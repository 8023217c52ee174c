"""A run's directory."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.solver.durable import UNFINISHED
from graphnet.solver.run_directory import RunDirectory, newest_good, snapshots_in
from graphnet.solver.snapshot_file import Contents, Meta, SavedState, to_bytes


def snapshot(folder, iteration, name=None):
    state = SavedState(
        iter=iteration, epoch=0, obj_val=0.5, losses={}, lr=0.1, momentum=None, lr_scale=1.0
    )
    meta = Meta(versions={}, backend="numpy", dtype="float32", seed=0, solver=state)
    path = folder / "snapshots" / (name or f"snapshot-{iteration:06d}.h5")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(Contents(meta, {"a/b": np.zeros(2)})))
    return path


def opened(folder):
    directory = RunDirectory(folder)
    directory.open(pytest.fail)
    return directory


def test_newest_is_by_iteration(tmp_path):
    """Not by date, and not by the alphabet: a million comes after 999999."""
    for iteration in (1_000_000, 20, 999_999):
        snapshot(tmp_path, iteration)
    snapshot(tmp_path, 7, "best.h5")
    (tmp_path / "snapshots" / "snapshot-12.h5").write_text("not ours")
    assert list(snapshots_in(tmp_path)) == [20, 999_999, 1_000_000]
    path, contents = newest_good(tmp_path)
    assert (path.name, contents.iter) == ("snapshot-1000000.h5", 1_000_000)


def test_damaged_ones_are_passed_over(tmp_path):
    """With a warning for each, the newest good one is taken."""
    snapshot(tmp_path, 10)
    snapshot(tmp_path, 20).write_bytes(b"")
    path = snapshot(tmp_path, 30)
    path.write_bytes(path.read_bytes()[:-1])
    warnings = []
    _, contents = newest_good(tmp_path, warnings.append)
    assert contents.iter == 10
    assert [w.partition(": ")[2] for w in warnings] == [
        "is damaged: its checksum is wrong\n  it is passed over",
        (
            "is not a graphnet snapshot or model\n  expected a file that graphnet has written\n"
            "  it is passed over"
        ),
    ]


def test_only_damaged_ones_is_an_error(tmp_path):
    """A run is never begun anew behind its owner's back."""
    snapshot(tmp_path, 10).write_bytes(b"x")
    with pytest.raises(SnapshotError, match=r"none of its 1 snapshots can be read\n  .*--fresh"):
        newest_good(tmp_path)


def test_no_snapshots_is_no_run(tmp_path):
    """Not even the folder has to be there."""
    assert newest_good(tmp_path / "nowhere") is None


def test_second_run_is_refused(tmp_path):
    """And told who is there; afterwards the directory is free again."""
    first = opened(tmp_path)
    second = RunDirectory(tmp_path)
    with pytest.raises(SnapshotError, match=r"another run is going on there \(process \d+ on "):
        second.open(pytest.fail)
    first.close()
    second.open(pytest.fail)
    second.close()


def test_lock_is_gone_with_its_process(tmp_path):
    """A killed run leaves its directory free."""
    code = (
        "import sys, os\nfrom pathlib import Path\n"
        "from graphnet.solver.run_directory import RunDirectory\n"
        "RunDirectory(Path(sys.argv[1])).open(print)\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert done.returncode == -9
    opened(tmp_path).close()


def test_without_locks_it_warns(tmp_path, monkeypatch):
    """A system that has none still trains."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    warnings = []
    directory = RunDirectory(tmp_path)
    directory.open(warnings.append)
    directory.close()
    assert warnings == ["this system has no file locks: see that no two runs use one exp_dir"]


def test_leftovers_are_cleared(tmp_path):
    """Half-written files of a crash, and only those."""
    path = snapshot(tmp_path, 10)
    path.with_name(path.name + UNFINISHED).write_text("half")
    (tmp_path / f"run.json{UNFINISHED}").write_text("half")
    opened(tmp_path).close()
    assert sorted(p.name for p in tmp_path.rglob("*")) == [
        "lock",
        "snapshot-000010.h5",
        "snapshots",
    ]


def test_a_file_in_its_place(tmp_path):
    """The message names the place."""
    (tmp_path / "run").write_text("")
    with pytest.raises(SnapshotError, match="run: cannot be written: "):
        RunDirectory(tmp_path / "run").open(pytest.fail)


def test_earlier_runs_are_set_aside(tmp_path):
    """Each in a folder of its own, whole; the lock stays where it is."""
    directory = opened(tmp_path)
    assert directory.set_aside() is None
    for n in (1, 2):
        snapshot(tmp_path, n)
        directory.statistics.write_text(f"{n}\n")
        aside = directory.set_aside()
        assert aside == tmp_path / f"earlier-00{n}"
        assert list(snapshots_in(aside)) == [n]
        assert (aside / "statistics.jsonl").read_text() == f"{n}\n"
        assert snapshots_in(tmp_path) == {}
    assert directory.snapshots.is_dir()
    directory.close()


def test_prune_keeps_the_newest(tmp_path):
    """The last ones up to now; best.h5 and later ones are not touched."""
    for iteration in (10, 20, 30, 40, 50):
        snapshot(tmp_path, iteration)
    snapshot(tmp_path, 10, "best.h5")
    directory = RunDirectory(tmp_path)
    directory.prune(40, None)
    assert list(snapshots_in(tmp_path)) == [10, 20, 30, 40, 50]
    directory.prune(40, 3)
    assert list(snapshots_in(tmp_path)) == [20, 30, 40, 50]
    directory.prune(40, 1)
    assert list(snapshots_in(tmp_path)) == [40, 50]
    assert directory.best.exists()


@pytest.mark.parametrize("text", [None, "", "[1]", "{", "[" * 100_000])
def test_unreadable_json_is_empty(tmp_path, text):
    """A record that was damaged is begun anew."""
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    read_json = partial(RunDirectory(tmp_path).read_json, "run.json")
    assert read_json() == {}
    (tmp_path / "run.json").write_text('{"starts": [1]}')
    assert read_json() == {"starts": [1]}
