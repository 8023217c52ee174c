"""A run's directory."""

import os
import shutil
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.files.folder import Folder
from graphnet.files.writing import UNFINISHED
from graphnet.solver.record.run_directory import RunDirectory, newest_good, snapshots_in
from graphnet.solver.record.snapshot_file import Contents, Meta, SavedState, to_bytes


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


def test_the_folder_s_name_is_on_the_disk(tmp_path, monkeypatch):
    """With those above it that were made, or a power cut would take all that is in it."""
    synced = []
    sync = Folder.sync
    monkeypatch.setattr(Folder, "sync", lambda folder: (synced.append(folder.path), sync(folder)))
    opened(tmp_path / "a/b/run").close()
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a/b"]
    synced.clear()
    opened(tmp_path / "a/b/run").close()
    assert synced == [tmp_path / "a/b"]


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
    """A run is never started over behind its owner's back."""
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
        "from graphnet.solver.record.run_directory import RunDirectory\n"
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
    """A record that was damaged is started over."""
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    read_json = partial(RunDirectory(tmp_path).read_json, "run.json")
    assert read_json() == {}
    (tmp_path / "run.json").write_text('{"starts": [1]}')
    assert read_json() == {"starts": [1]}


def test_a_lock_says_who_holds_it_while_it_is_held(tmp_path):
    """Afterwards it is empty."""
    directory = opened(tmp_path)
    assert (tmp_path / "lock").read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"
    directory.close()
    assert (tmp_path / "lock").read_bytes() == b""


def moved(tmp_path):
    (tmp_path / "run").rename(tmp_path / "old")


def moved_and_replaced(tmp_path):
    moved(tmp_path)
    opened(tmp_path / "run").close()


def removed(tmp_path):
    shutil.rmtree(tmp_path / "run")


def without_its_lock(tmp_path):
    (tmp_path / "run" / "lock").unlink()


def with_another_lock(tmp_path):
    without_its_lock(tmp_path)
    (tmp_path / "run" / "lock").write_text("")


def with_other_snapshots(tmp_path):
    (tmp_path / "run" / "snapshots").rename(tmp_path / "run" / "mine")
    (tmp_path / "run" / "snapshots").mkdir()


CHANGES = [
    moved,
    moved_and_replaced,
    removed,
    without_its_lock,
    with_another_lock,
    with_other_snapshots,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_directory_that_is_its_own_no_more(tmp_path, change):
    """Nothing is written any more, neither there nor where it was."""
    directory = opened(tmp_path / "run")
    directory.write_text("run.json", "before")
    change(tmp_path)
    there = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    for write in (
        lambda: directory.write_text("run.json", "after"),
        lambda: directory.write_snapshot(directory.path_at(1), b"x"),
        lambda: directory.statistics_file(print),
        directory.set_aside,
    ):
        with pytest.raises(
            SnapshotError, match=r"run: was moved, removed or replaced.*\n.*--exp-d"
        ):
            write()
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == there
    directory.close()


def test_the_directory_may_be_a_link(tmp_path, monkeypatch):
    """To a larger disk, say; a changed working directory leads nowhere else."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to("disk")
    monkeypatch.chdir(tmp_path)
    directory = opened(Path("run"))
    monkeypatch.chdir(tmp_path / "disk")
    directory.write_snapshot(directory.path_at(1), b"x")
    directory.close()
    assert (tmp_path / "disk/snapshots/snapshot-000001.h5").read_bytes() == b"x"


@pytest.mark.parametrize(
    "name", ["lock", "run.json", "net.yaml", "solver.yaml", "statistics.jsonl", "snapshots"]
)
def test_nothing_in_it_may_be_a_link(tmp_path, name):
    """A directory from elsewhere could lead to any file of the user's own."""
    opened(tmp_path / "run").close()
    snapshot(tmp_path / "run", 1)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "snapshot-000001.h5").write_text("mine")
    (tmp_path / "profile").write_text("mine")
    path = tmp_path / "run" / name
    if name == "snapshots":
        shutil.rmtree(path)
        path.symlink_to(tmp_path / "precious")
    else:
        path.unlink(missing_ok=True)
        path.symlink_to(tmp_path / "profile")
    directory = RunDirectory(tmp_path / "run")

    def write_all():
        directory.open(pytest.fail)
        directory.write_text("run.json", "{}")
        directory.write_text("net.yaml", "{}")
        directory.write_text("solver.yaml", "{}")
        directory.statistics_file(print)

    with pytest.raises(SnapshotError, match=f"(?s)/{name}: .*(symbolic link|no run has written)"):
        write_all()
    directory.close()
    assert path.is_symlink()
    assert (tmp_path / "profile").read_text() == "mine"
    assert (tmp_path / "precious" / "snapshot-000001.h5").read_text() == "mine"
    assert len(list((tmp_path / "precious").iterdir())) == 1


def test_setting_aside_leaves_what_is_not_a_runs(tmp_path):
    """Notes of the user's own, beside the run's files and among its snapshots."""
    directory = opened(tmp_path)
    directory.claim()
    snapshot(tmp_path, 1)
    others = [tmp_path / "notes.txt", tmp_path / "snapshots" / "photo.jpg"]
    for path in others:
        path.write_text("mine")
    aside = directory.set_aside()
    directory.close()
    assert all(path.read_text() == "mine" for path in others)
    assert sorted(p.name for p in aside.rglob("*")) == [
        "run.json",
        "snapshot-000001.h5",
        "snapshots",
    ]


def test_setting_aside_that_is_cut_off_can_be_gone_on_from(tmp_path, monkeypatch):
    """Whatever has been moved: the rest is still known to be a run's."""
    for n in range(1, 6):
        folder = tmp_path / str(n)
        directory = opened(folder)
        directory.claim()
        for iteration in (1, 2):
            snapshot(folder, iteration)
        directory.statistics.write_text("")
        calls, replace = [], os.replace

        def killed(*args, calls=calls, n=n, replace=replace, **keywords):
            calls.append(1)
            if len(calls) == n:
                raise KeyboardInterrupt("killed")
            return replace(*args, **keywords)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", killed)
            if n <= 4:
                with pytest.raises(KeyboardInterrupt, match="killed"):
                    directory.set_aside()
            else:
                directory.set_aside()
        directory.close()
        opened(folder).close()


def test_prune_leaves_what_is_no_snapshot(tmp_path):
    """Whatever it is called."""
    snapshot(tmp_path, 10).write_text("mine")
    for iteration in (20, 30, 40):
        snapshot(tmp_path, iteration)
    (tmp_path / "snapshots" / "snapshot-000015.h5").symlink_to("snapshot-000020.h5")
    RunDirectory(tmp_path).prune(40, 1)
    assert list(snapshots_in(tmp_path)) == [10, 15, 40]


def test_leftovers_of_others_stay(tmp_path):
    """Only what a run writes, by its name, in a directory that is a run's."""
    snapshot(tmp_path, 10)
    others = ["notes.unfinished", "thesis.01234567.unfinished", "snapshots/x.h5.unfinished"]
    for name in others:
        (tmp_path / name).write_text("mine")
    left = tmp_path / "snapshots" / f"snapshot-000010.h5.01234567{UNFINISHED}"
    left.write_text("half")
    (tmp_path / f"net.yaml{UNFINISHED}").symlink_to("notes.unfinished")
    opened(tmp_path).close()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / f"net.yaml{UNFINISHED}").write_text("mine")
    (tmp_path / "new" / f"run.json.01234567{UNFINISHED}").write_text("half")
    opened(tmp_path / "new").close()
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "lock",
        f"net.yaml{UNFINISHED}",
        "snapshots",
    ]
    assert [(tmp_path / name).read_text() for name in others] == ["mine"] * 3
    assert not left.exists()
    assert (tmp_path / f"net.yaml{UNFINISHED}").is_symlink()


def test_without_descriptors_of_folders(tmp_path, monkeypatch):
    """As on Windows: the directory is looked for by its path before each write."""
    monkeypatch.setattr("graphnet.files.folder._BY_DESCRIPTOR", False)
    monkeypatch.setattr("graphnet.files.folder._NO_FOLLOW", 0)
    directory = opened(tmp_path / "run")
    directory.claim()
    directory.write_snapshot(directory.path_at(1), b"x")
    moved_and_replaced(tmp_path)
    with pytest.raises(SnapshotError, match="was moved"):
        directory.write_snapshot(directory.path_at(2), b"x")
    directory.close()
    assert list(snapshots_in(tmp_path / "old")) == [1]
    assert list(snapshots_in(tmp_path / "run")) == []
