"""What the model needs to know of this machine, each measured in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.scaling.model import Compute, Job, Link, fit_link

ROOT = Path(__file__).parents[2]
#: Bytes of the sums that the link of this machine is fitted to.
SUM_BYTES = (1 << 12, 1 << 17, 1 << 21, 1 << 24)


def launcher() -> str | None:
    """The mpiexec of this environment, else of the system."""
    beside = Path(sys.executable).with_name("mpiexec")
    return str(beside) if beside.exists() else shutil.which("mpiexec")


def job(name: str, batch: int, rows: Sequence[int], threads: int) -> Job:
    """A net with its step measured at several numbers of rows, the rising order kept."""
    points, update, n_bytes = [], 0.0, 0
    for n in rows:
        command = ["-m", "benchmarks.scaling.step", name, str(n), str(threads)]
        seconds, update, n_bytes = json.loads(_python(command))
        points.append((float(n), seconds))
    return Job(name, batch, n_bytes, Compute(tuple(points)), update)


def add_rate() -> float:
    """Bytes a second that one rank adds to a buffer larger than its cache."""
    total, other = (np.ones(1 << 24, np.float32) for _ in range(2))
    taken = []
    for _ in range(7):
        start = time.perf_counter()
        np.add(total, other, out=total)
        taken.append(time.perf_counter() - start)
    return total.nbytes / median(taken)


def own_link(mpiexec: str, ranks: Sequence[int], rate: float) -> tuple[Link, list[list[float]]]:
    """The memory of this machine as a link, fitted to sums that were timed.

    Returns:
        The link, and a row ``[ranks, bytes, seconds]`` for each sum.
    """
    rows = []
    for n in ranks:
        sizes = [str(b) for b in SUM_BYTES]
        taken = _launch(mpiexec, n, ["-m", "benchmarks.scaling.sums", *sizes])
        rows += [[n, b, s] for b, s in zip(SUM_BYTES, json.loads(taken), strict=True)]
    # the rest of what adding costs is in the rate of the link
    link = fit_link("this machine", [(int(n), b, s) for n, b, s in rows], rate)
    return link, rows


def solve_seconds(mpiexec: str, net: str, n_ranks: int, n_updates: int) -> float:
    """Seconds of an update of ``mpiexec -n N graphnet solve``, one thread a rank.

    What a run of a fifth as many takes is taken off, so that starting and ending do not count.
    """
    few = n_updates // 5
    short, long = (_solve(mpiexec, net, n_ranks, n) for n in (few, n_updates))
    return (long - short) / (n_updates - few)


def _solve(mpiexec: str, net: str, n_ranks: int, updates: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        sets = (f"max_iter={updates}", "coffee_breaks=[]", f"exp_dir={folder}/run")
        command = ["-m", "graphnet", "solve", f"nets/{net}.yaml", "--threads", "1"]
        _launch(mpiexec, n_ranks, [*command, *(word for s in sets for word in ("--set", s))])
        run = json.loads((Path(folder) / "run" / "run.json").read_text(encoding="utf-8"))
        return float(run["starts"][-1]["seconds"])


def _launch(mpiexec: str, n_ranks: int, arguments: Sequence[str]) -> str:
    return _output([mpiexec, "-n", str(n_ranks), sys.executable, *arguments])


def _python(arguments: Sequence[str]) -> str:
    return _output([sys.executable, *arguments])


def _output(command: Sequence[str]) -> str:
    """What a command prints last.

    Raises:
        RuntimeError: If it fails, with what it said.
    """
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout.strip().splitlines()[-1]
