"""Runs as processes: signals from outside, two in one directory, damaged snapshots."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import graphnet
from graphnet.cli import main
from graphnet.solver.record.run_directory import snapshots_in

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

NET = """\
name: waits
solver: {max_iter: 12, exp_dir: run, coffee_breaks: BREAKS}
layers:
  - {name: data, type: HDF5Data, source: data.h5, batch_size: 4, shuffle: true, tops: [x, label]}
  - {name: ip, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [ip]}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
"""
BREAKS = (
    "[{type: TrainingSummary, every_n_iter: 3},"
    " {type: Snapshot, every_n_iter: 4}, {type: my_hooks.Wait, every_n_iter: 1}]"
)
#: Waits at iteration 6 until a file is there, and says by another one that it does.
HOOK = """\
import time
from pathlib import Path

import graphnet as gn


class Wait(gn.CoffeeBreak):
    def enjoy(self, net, state, lounge):
        if state.iter == 6 and not Path("go").exists():
            Path("waiting").touch()
            while not Path("go").exists():
                time.sleep(0.01)
            time.sleep(0.3)  # another thread may be the one that a signal wakes
"""
PATIENCE = 60  # seconds; it only ends a test that hangs


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    """A net, a break of the user's own, data; and processes that find graphnet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(graphnet.__file__).parents[1]))
    solver = "max_iter: 12\nexp_dir: run\n" + f"coffee_breaks: {BREAKS}\n"
    Path("net.yaml").write_text(NET.replace(NET.splitlines()[1], "solver: solver.yaml"), "utf-8")
    Path("solver.yaml").write_text(solver, "utf-8")
    Path("my_hooks.py").write_text(HOOK, "utf-8")
    rng = np.random.default_rng(0)
    with h5py.File("data.h5", "w") as file:
        file["x"], file["label"] = rng.random((10, 5)).astype("f4"), np.arange(10) % 3


class Solve:
    """``graphnet solve net.yaml`` in a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "graphnet", "solve", "net.yaml", "--quiet"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, path):
        """Until a file is there."""
        limit = time.monotonic() + PATIENCE
        while not Path(path).exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < limit, f"{path} has not come"
            time.sleep(0.01)

    def end(self):
        """Its exit code, and what it wrote to stderr."""
        _, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, err


def run_alone():
    """The same run without any waiting, in this process."""
    Path("go").touch()
    assert main(["solve", "net.yaml", "--quiet"]) == 0
    shutil.move("run", "whole")
    Path("go").unlink()


def assert_whole():
    """The run has ended as if nothing had happened."""
    for name in ("snapshots/snapshot-000012.h5", "statistics.jsonl"):
        assert (Path("run") / name).read_bytes() == (Path("whole") / name).read_bytes(), name


def test_a_hangup_and_a_request_to_end():
    """SIGHUP saves and goes on; SIGTERM saves and ends; solving again completes the run."""
    run_alone()
    first = Solve()
    first.wait_for("waiting")
    first.process.send_signal(signal.SIGHUP)
    Path("go").touch()
    assert first.end() == (0, "")
    assert list(snapshots_in(Path("run"))) == [0, 4, 6, 8, 12]
    assert_whole()
    shutil.rmtree("run")
    for name in ("go", "waiting"):
        Path(name).unlink()
    second = Solve()
    second.wait_for("waiting")
    second.process.send_signal(signal.SIGTERM)
    Path("go").touch()
    saved = "run/snapshots/snapshot-000006.h5"
    assert second.end() == (143, f"stopped by SIGTERM; saved {saved}, solve again to go on\n")
    assert Solve().end() == (0, "")
    assert_whole()


def test_a_second_interrupt_ends_it_at_once():
    """In the middle of whatever it does, with nothing saved and nothing lost."""
    run_alone()
    process = Solve()
    process.wait_for("waiting")
    process.process.send_signal(signal.SIGINT)
    time.sleep(0.2)  # two at the same time would be one
    process.process.send_signal(signal.SIGINT)
    assert process.end() == (130, "stopped by SIGINT\n")
    assert list(snapshots_in(Path("run"))) == [0, 4]
    Path("go").touch()
    assert Solve().end() == (0, "")
    assert_whole()


def test_two_in_one_directory():
    """The second is told who is there and leaves everything alone; the first ends as it should."""
    run_alone()
    first = Solve()
    first.wait_for("waiting")
    code, err = Solve().end()
    assert code == 1
    assert err == (
        "run: another run is going on there "
        f"(process {first.process.pid} on {os.uname().nodename})\n"
        "  wait for it, stop it, or choose another exp_dir\n"
    )
    Path("go").touch()
    assert first.end() == (0, "")
    assert_whole()


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def cut_to_nothing(path):
    path.write_bytes(b"")


def half_written(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


def with_a_flipped_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def of_something_else(path):
    path.write_text("layers: []\n")


def unreadable_at_all(path):
    path.unlink()
    path.mkdir()


DAMAGES = [
    cut_short,
    cut_to_nothing,
    half_written,
    with_a_flipped_bit,
    of_something_else,
    unreadable_at_all,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_snapshot(damage, capsys):
    """The newest good one is taken, with a warning that names the other; the end is the same."""
    run_alone()
    shutil.copytree("whole", "run")
    for iteration in (8, 12):
        damage(Path(f"run/snapshots/snapshot-{iteration:06d}.h5"))
    Path("go").touch()
    if damage is unreadable_at_all:  # a folder is in the way of the new snapshot, too
        assert main(["solve", "net.yaml", "--quiet"]) == 1
        err = capsys.readouterr().err
        assert "snapshot-000008.h5: cannot be read: Is a directory\n  it is passed over" in err
        assert (
            err.splitlines()[-1]
            == "run/snapshots/snapshot-000008.h5: cannot be written: Is a directory"
        )
        return
    assert main(["solve", "net.yaml", "--quiet"]) == 0
    warnings = capsys.readouterr().err
    assert warnings.count("it is passed over") == 2
    for iteration in (8, 12):
        assert f"snapshot-{iteration:06d}.h5: is " in warnings
    assert_whole()


def test_nothing_but_damaged_snapshots(capsys):
    """Never a silent start from scratch: what there is stays, and the way out is said."""
    run_alone()
    shutil.move("whole", "run")
    for path in snapshots_in(Path("run")).values():
        cut_short(path)
    assert main(["solve", "net.yaml", "--quiet"]) == 1
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "run: none of its 4 snapshots can be read",
        "  solve with --fresh (in Python fresh=True) to start over; what is there is kept aside",
    ]
    Path("go").touch()
    assert main(["solve", "net.yaml", "--quiet", "--fresh"]) == 0
    assert len(snapshots_in(Path("run/earlier-001"))) == 4


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(capsys):
    """It is said before anything is computed."""
    Path("run").mkdir(mode=0o555)
    assert main(["solve", "net.yaml", "--quiet"]) == 1
    assert capsys.readouterr().err == (
        "run: cannot be written: Permission denied\n"
        "  you may not write there: choose another exp_dir\n"
    )
