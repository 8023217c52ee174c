"""Runs killed with SIGKILL, in computing and in each step of writing, lose nothing."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import os, pathlib, signal, sys
step, at = sys.argv[1], int(sys.argv[2])
sys.path[:0] = sys.argv[3:]
from support.fake_net import FakeNet, Lines
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec

calls = 0

def dying(function, half=None):
    def call(*args, **keywords):
        global calls
        calls += 1
        if calls == at:
            if half is not None:
                half(*args)
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **keywords)
    return call

net = FakeNet()
if step == "forward":
    net.forward = dying(net.forward)
elif step == "replace":
    pathlib.Path.replace = dying(pathlib.Path.replace)
elif step == "write":
    write = os.write
    os.write = dying(write, lambda fd, data: write(fd, data[: len(data) // 2]))
elif step == "fsync":
    os.fsync = dying(os.fsync)
breaks = [
    {"type": "TrainingSummary", "every_n_iter": 1},
    {"type": "ValidationPerformance", "every_n_iter": 2},
    {"type": "Snapshot", "every_n_iter": 3, "keep_last": 2, "keep_best": "test-loss"},
    {"type": "Plateau", "key": "test-loss", "patience": 2},
]
spec = SolverSpec(max_iter=30, method="Adam", exp_dir="run", coffee_breaks=breaks)
solve(Solver(spec), net, reporter=Lines())
"""

#: Where each start is killed, in the order of the starts: which call of what.
KILLS = [
    ("fsync", 1),
    ("write", 3),
    ("replace", 4),
    ("forward", 5),
    ("write", 8),
    ("replace", 6),
    ("fsync", 9),
    ("forward", 2),
    ("fsync", 14),
    ("replace", 7),
    ("write", 4),
    ("forward", 4),
]


def start(step, at):
    here = Path(__file__).resolve()
    paths = [str(here.parents[2]), str(here.parents[1])]
    command = [sys.executable, "-c", RUN, step, str(at), *paths]
    return subprocess.run(command, check=False).returncode


@pytest.mark.slow
def test_killed_again_and_again(tmp_path, monkeypatch):
    """However often and wherever it is killed, the end is that of the run left alone."""
    monkeypatch.chdir(tmp_path)
    assert start("never", 0) == 0
    shutil.move("run", "whole")
    codes = [start(step, at) for step, at in KILLS]
    assert start("never", 0) == 0
    assert codes == [-signal.SIGKILL] * len(KILLS)
    for name in ("snapshots/snapshot-000030.h5", "snapshots/best.h5", "statistics.jsonl"):
        assert (Path("run") / name).read_bytes() == (Path("whole") / name).read_bytes(), name
    assert not list(Path("run").rglob("*.unfinished"))
