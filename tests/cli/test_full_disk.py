"""A disk that is full: exit code 1, a message that says so, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

import graphnet

resource = pytest.importorskip("resource", reason="limits as POSIX has them")


@contextmanager
def no_file_larger_than(limit):
    """As ``ulimit -f`` says it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def trained(folder, run):
    """A run, many rows to predict, and an array to pack."""
    assert run("solve net.yaml --quiet").code == 0
    rng = np.random.default_rng(0)
    np.save(folder / "rows.npy", rng.random((40_000, 3)).astype("f4"))
    np.save(folder / "x.npy", rng.random((40_000, 3)).astype("f4"))
    return folder


COMMANDS = {
    "o.h5": "predict net.yaml --weights run --input rows.npy --output {}/o.h5",
    "o.npy": "predict net.yaml --weights run --input rows.npy --output {}/o.npy",
    "train.h5": "data pack data=x.npy --to {}",
    "test.h5": "data pack data=x.npy --to {} --split 0.5 --mean",
    "compressed": "data pack data=x.npy --to {} --compress",
}


@pytest.mark.parametrize("limit", [1, 5_000, 100_000])
@pytest.mark.parametrize("name", COMMANDS)
def test_files_that_may_not_become_so_large(trained, run, name, limit):
    """With a limit on their size, which is like a disk that is full at some byte."""
    (trained / "out").mkdir()
    with no_file_larger_than(limit):
        found = run(COMMANDS[name].format("out"))
    assert found.code == 1, found.err
    assert "cannot be written: File too large\n  files may not be that large here" in found.err
    assert found.out == ""
    assert list((trained / "out").iterdir()) == []


@pytest.fixture
def small_disk(trained):
    """A disk of its own, of 300 kB."""
    place = trained / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "graphnet-test", str(place)]
    if os.geteuid() or subprocess.run(command, check=False).returncode:
        pytest.skip("only root may mount a disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_disk_that_is_full(small_disk, run, name):
    """The file that was there stays whole; with room, the command succeeds."""
    target = "train.h5" if name == "compressed" else name
    (small_disk / target).write_text("precious")
    force = " --force" if "pack" in COMMANDS[name] else ""
    found = run(COMMANDS[name].format("disk") + force)
    assert found.code == 1, found.err
    assert "cannot be written: No space left on device\n  the disk is full: make r" in found.err
    assert "keep_last" not in found.err
    assert found.out == ""
    assert [p.name for p in small_disk.iterdir()] == [target]
    assert (small_disk / target).read_text() == "precious"


SETS = ("digits28", "digits28-pairs")


@pytest.mark.parametrize("limit", [1, 5_000, 100_000])
@pytest.mark.parametrize("name", SETS)
def test_a_named_data_set_that_may_not_become_so_large(folder, run, name, limit):
    """``graphnet data NAME`` leaves no file that is not whole, and none that looks like a set."""
    with no_file_larger_than(limit):
        found = run(f"data {name} --to out")
    assert found.code == 1, found.err
    assert f"out/{name}/train.h5: cannot be written: File too large\n  files may not" in found.err
    assert "--to DIR" in found.err
    assert found.out == ""
    assert not [path for path in (folder / "out").rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", SETS)
def test_a_named_data_set_on_a_disk_that_is_full(small_disk, run, name, monkeypatch):
    """In a folder of one's choice and in the cache alike; with room it is there, whole."""
    monkeypatch.setenv("GRAPHNET_DATA", str(small_disk / "cache"))
    for place in ("--to disk/chosen", ""):
        found = run(f"data {name} {place}")
        assert found.code == 1, found.err
        assert "train.h5: cannot be written: No space left on device\n  the disk is" in found.err
        assert found.out == ""
    assert not [path for path in small_disk.rglob("*") if path.is_file()]
    assert run(f"data {name} --to room").code == 0
    assert run(f"data info room/{name}/test.h5").code == 0


def test_a_disk_that_becomes_full_while_a_run_goes_on(small_disk, run):
    """All earlier snapshots are whole, and with room the run goes on."""
    (small_disk / "filler").write_bytes(bytes(200_000))
    keys = "--set max_iter=60 --set coffee_breaks.Snapshot.every_n_iter=1 --exp-dir disk/run"
    found = run(f"solve net.yaml --quiet {keys}")
    assert found.code == 1
    assert "the disk is full: make room, or lower keep_last" in found.err
    assert list(small_disk.rglob("*.unfinished")) == []
    (small_disk / "filler").unlink()
    keys = keys.replace("every_n_iter=1", "keep_last=2")
    assert run(f"solve net.yaml --quiet {keys}").code == 0


def test_large_outputs_take_no_more_memory_than_their_values(tmp_path):
    """They are handed to the disk in pieces."""
    code = (
        "import resource, sys\nfrom pathlib import Path\nimport numpy as np\n"
        "from graphnet.data.hdf5.writer import write_files\n"
        "x = np.ones((1 << 14, 1 << 10), 'f4')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "write_files({Path(sys.argv[1]): {'x': x}}, {}, 100)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "x.h5"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(graphnet.__file__).parents[1])},
    )
    assert int(done.stdout) < 32_000, "in KiB, beside 64 MiB of values"
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["x"][-1].tolist() == [1] * (1 << 10)
