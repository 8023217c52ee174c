"""The script for Slurm in docs/parallel.md, run as it stands with stand-ins for Slurm's commands.

``srun`` starts the ranks, here one; ``scontrol requeue`` notes the job. The queue's part is played
by the tests: they send the rank what Slurm would, and start the script again.
"""

import os
import re
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

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
NET = """\
name: mnist
solver: solver.yaml
layers:
  - {name: data, type: HDF5Data, source: data.h5, batch_size: 4, shuffle: true, tops: [x, label]}
  - {name: ip, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [ip]}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
"""
SOLVER = """\
max_iter: 12
coffee_breaks: [{type: hooks.Wait, every_n_iter: 1}, {type: Snapshot, every_n_iter: 4}]
"""
#: Waits at iteration 6 of the first start until a signal has come.
HOOKS = """\
import time
from pathlib import Path

import graphnet as gn


class Wait(gn.CoffeeBreak):
    def enjoy(self, net, state, lounge):
        if state.iter == 6 and not Path("go").exists():
            Path("waiting").touch()
            while not Path("go").exists():
                time.sleep(0.01)
            time.sleep(0.3)
"""
SRUN = """\
#!{python}
import os, signal, subprocess, sys
command = [sys.executable, "-m", *sys.argv[1:]]
rank = subprocess.Popen(command)
with open("rank", "w") as file:
    file.write(str(rank.pid))
code = rank.wait()
sys.exit(code if code >= 0 else 128 - code)
"""
SCONTROL = """\
#!{python}
import sys
open("requeued", "a").write(" ".join(sys.argv[1:]) + "\\n")
"""


def script():
    """As it stands in the docs."""
    text = (ROOT / "docs" / "parallel.md").read_text("utf-8")
    (found,) = re.findall(r"```shell\n(#!/bin/bash\n#SBATCH.*?)```", text, re.DOTALL)
    return found


def directives():
    """What it asks Slurm for."""
    return dict(re.findall(r"^#SBATCH --([\w-]+)(?:=(\S+))?", script(), re.MULTILINE))


class Slurm:
    """A queue of one job in a folder."""

    def __init__(self, folder):
        self.folder, self.restarts = folder, 0
        (folder / "bin").mkdir()
        (folder / "nets").mkdir()
        for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
            path = folder / "bin" / name
            path.write_text(text.format(python=sys.executable), "utf-8")
            path.chmod(0o755)
        (folder / "job.sh").write_text(script(), "utf-8")
        (folder / "nets" / "mnist.yaml").write_text(NET, "utf-8")
        (folder / "nets" / "solver.yaml").write_text(SOLVER, "utf-8")
        (folder / "nets" / "hooks.py").write_text(HOOKS, "utf-8")
        rng = np.random.default_rng(0)
        with h5py.File(folder / "nets" / "data.h5", "w") as file:
            file["x"], file["label"] = rng.random((10, 5)).astype("f4"), np.arange(10) % 3

    def start(self):
        """Start the job; its batch script."""
        environment = {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(graphnet.__file__).parents[1]),
            "GRAPHNET_OFFLINE": "1",
            "SLURM_JOB_ID": "17",
            "SLURM_CPUS_PER_TASK": "1",
        }
        if self.restarts:
            environment["SLURM_RESTART_COUNT"] = str(self.restarts)
        self.restarts += 1
        return subprocess.Popen(
            ["bash", "job.sh"],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, number=None, *, count=0):
        """A start to its end: its exit code, output, and whether the job is to be started again.

        Args:
            number: The signal that is sent to the ranks at iteration 6.
            count: How often the job was started before.
        """
        self.restarts = max(self.restarts, count)
        for name in ("waiting", "requeued"):
            (self.folder / name).unlink(missing_ok=True)
        if number is None:
            (self.folder / "go").touch()
        job = self.start()
        if number is not None:
            limit = time.monotonic() + PATIENCE
            while not (self.folder / "waiting").exists():
                assert job.poll() is None, job.communicate()
                assert time.monotonic() < limit, "the run has not come to iteration 6"
                time.sleep(0.01)
            os.kill(int((self.folder / "rank").read_text()), number)
            (self.folder / "go").touch()
        out, _ = job.communicate(timeout=PATIENCE)
        requeued = self.folder / "requeued"
        again = requeued.exists() and requeued.read_text() == "requeue 17\n"
        return job.returncode, out, again

    def alone(self):
        """The bytes that the job leaves if nothing happens to it; then nothing of it is there."""
        code, out, again = self.run()
        assert (code, again) == (0, False), out
        found = self.result()
        shutil.rmtree(self.folder / "runs")
        (self.folder / "go").unlink()
        return found

    def result(self):
        """What the run has written."""
        run = self.folder / "runs" / "mnist"
        return (run / "snapshots" / "snapshot-000012.h5").read_bytes()


@pytest.fixture
def slurm(tmp_path):
    return Slurm(tmp_path)


def test_what_it_asks_slurm_for():
    """A signal before the end that is not the one of ``scancel``, and to be queued again."""
    asked = directives()
    name, _, seconds = asked["signal"].partition("@")
    assert name == "USR1"  # without B: it goes to the ranks, not to the script
    assert int(seconds) >= 60
    assert asked.keys() >= {"requeue", "time", "ntasks", "cpus-per-task"}
    assert asked["open-mode"] == "append"


def test_a_job_that_runs_out_of_time_is_queued_again(slurm):
    """It has saved itself, goes on when it is started again, and ends with the same bytes."""
    alone = slurm.alone()
    code, out, again = slurm.run(signal.SIGUSR1)
    assert (code, again) == (128 + signal.SIGUSR1, True), out
    assert "stopped by SIGUSR1" in out
    code, out, again = slurm.run()
    assert (code, again) == (0, False), out
    assert "going on from iteration 6" in out
    assert slurm.result() == alone


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_job_that_is_cancelled_or_lost_is_not(slurm, number):
    """That is Slurm's own affair; whenever it is started again, it goes on to the same bytes."""
    alone = slurm.alone()
    code, out, again = slurm.run(number)
    assert (code, again) == (128 + number, False), out
    assert slurm.run()[0] == 0
    assert slurm.result() == alone


def test_a_job_that_fails_is_not_tried_again(slurm):
    """It says why, and that is what the job ends with."""
    (slurm.folder / "nets" / "data.h5").unlink()
    code, out, again = slurm.run()
    assert (code, again) == (1, False)
    assert "data.h5" in out


def test_a_job_that_never_gets_on_ends(slurm):
    """After a hundred restarts."""
    code, _, again = slurm.run(signal.SIGUSR1, count=100)
    assert (code, again) == (138, False)
