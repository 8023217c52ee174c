"""Jobs that mpiexec starts, of a small run that may be told to misbehave on one rank."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from graphnet.installation import pip_install
from tests.parallel.recipe import BREAKS, layers, results, write_data

#: The one that belongs to this interpreter, else the first there is.
_BESIDE = Path(sys.executable).with_name("mpiexec")
MPIEXEC = str(_BESIDE) if _BESIDE.exists() else shutil.which("mpiexec")

HAS_MPI = MPIEXEC is not None and find_spec("mpi4py") is not None

needs_mpi = pytest.mark.skipif(
    not HAS_MPI,
    reason=f"needs mpiexec and mpi4py: {pip_install('mpi')}",
)

#: What MPICH and Open MPI call a process's rank.
_RANK = (b"PMI_RANK", b"OMPI_COMM_WORLD_RANK")

#: What a job of 12 iterations leaves in the end, whatever has happened before.
LAST = ("snapshot-000012.h5", "best.h5", "statistics.jsonl")

#: A user's layer: one rank does what MISBEHAVE says, in the iteration AT.
MISBEHAVING = '''\
import os
import signal
import time
from typing import Literal

from graphnet.layers.base import Layer, LayerSpec


class Misbehaving(LayerSpec):
    """Passes its bottom on, as long as nothing is asked of it."""

    type: Literal["Misbehaving"] = "Misbehaving"

    def top_shapes(self, bottoms):
        return [bottoms[0]]

    def build(self, binding):
        return MisbehavingLayer(self, binding)


class MisbehavingLayer(Layer):
    def forward(self):
        self.tops[0].data[...] = self.bottoms[0].data
        time.sleep(float(os.environ.get("SLOW", "0")))
        how, rank = os.environ.get("MISBEHAVE", ""), os.environ.get("PMI_RANK")
        if not how or rank != os.environ["ON_RANK"] or self.context.iteration != 7:
            return
        if how == "raise":
            raise RuntimeError("this rank has lost its data")
        if how == "exit":
            os._exit(0)
        if how == "sys.exit":
            raise SystemExit(3)
        if how == "hang":
            time.sleep(1000)
        os.kill(os.getpid(), getattr(signal, how))

    def backward(self):
        self.bottoms[0].diff[...] = self.tops[0].diff
'''


class Ended(NamedTuple):
    """A job that has ended.

    Attributes:
        code: What mpiexec has returned.
        out: What the ranks have printed.
        err: And what they had to say to stderr.
        seconds: How long it took.
    """

    code: int
    out: str
    err: str
    seconds: float


def write_job(folder: Path, n: int = 12, **keys: object) -> None:
    """Write net, solver and data; shards, if anything, is among ``keys``."""
    folder.mkdir(exist_ok=True)
    write_data(folder)
    net = layers(16)
    between = {"name": "between", "type": "misbehaving.Misbehaving"}
    net.insert(3, {**between, "bottoms": ["conv"], "tops": ["passed"]})
    net[4]["bottoms"] = ["passed"]
    (folder / "misbehaving.py").write_text(MISBEHAVING, "utf-8")
    written = {"solver": "solver.yaml", "layers": net}
    (folder / "net.yaml").write_text(yaml.safe_dump(written, sort_keys=False), "utf-8")
    solver = {
        "max_iter": n,
        "exp_dir": "run",
        "lr_policy": {"type": "Fixed", "base_lr": 0.01},
        "mom_policy": {"type": "Fixed", "momentum": 0.9},
        "coffee_breaks": BREAKS,
        **keys,
    }
    (folder / "solver.yaml").write_text(yaml.safe_dump(solver, sort_keys=False), "utf-8")


def start(
    ranks: int,
    folder: Path,
    *arguments: str,
    command: Sequence[str] = (),
    **environment: str,
) -> subprocess.Popen[str]:
    """Start a job in a folder.

    Args:
        ranks: How many; 0 for a process without mpiexec.
        folder: Where.
        arguments: More of them for ``graphnet solve net.yaml``.
        command: What to start instead.
        environment: Variables that are added.
    """
    if not command:
        command = [sys.executable, "-m", "graphnet", "solve", "net.yaml", *arguments]
        if ranks:
            command = [str(MPIEXEC), "-n", str(ranks), *command]
    root = Path(__file__).parent.parent.parent
    return subprocess.Popen(
        command,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(root),
            "GRAPHNET_OFFLINE": "1",
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process: subprocess.Popen[str], within: float = 60) -> Ended:
    """Wait for a job; one that does not end is killed and is a failure."""
    begin = time.monotonic()
    try:
        out, err = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        pytest.fail(f"the job has not ended within {within} s:\n{out}\n{err}")
    return Ended(process.returncode, out, err, time.monotonic() - begin)


def solve_job(
    ranks: int, folder: Path, *arguments: str, within: float = 60, **environment: str
) -> Ended:
    """Start a job and wait for it; one that does not end in so many seconds is a failure."""
    return end(start(ranks, folder, *arguments, **environment), within)


def run_job(ranks: int, folder: Path, *arguments: str) -> Ended:
    """Run any command of graphnet as a job."""
    command = [str(MPIEXEC), "-n", str(ranks), sys.executable, "-m", "graphnet", *arguments]
    return end(start(ranks, folder, command=command))


def last_results(folder: Path) -> dict[str, bytes]:
    """The files of LAST that the run in a folder has left."""
    found = results(folder / "run")
    return {name: found[name] for name in LAST}


def rank_processes(mpiexec: int) -> dict[int, int]:
    """The process of each rank of a job, by rank; from Linux's /proc."""
    parents, found = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
                parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
            except OSError:  # it has just ended
                continue
    for process in parents:
        above = process
        while above not in (mpiexec, 0, 1):
            above = parents.get(above, 0)
        if above == mpiexec and process != mpiexec:
            try:
                command = Path(f"/proc/{process}/cmdline").read_bytes()
                environ = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            named = [e.partition(b"=") for e in environ]
            ranks = [value for name, _, value in named if name in _RANK]
            if ranks and (b"graphnet" in command or b"tests.parallel.dying" in command):
                found[int(ranks[0])] = process
    return found
