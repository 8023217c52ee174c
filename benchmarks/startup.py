"""How long it takes until something happens: fresh processes, one after the other."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import figures
from benchmarks.cases import CASES
from benchmarks.suite import GRAPHNET, TORCH, Suite, reason
from benchmarks.tables import Table
from benchmarks.workers import ROOT, Worker, WorkerEndedError

#: Updates of the tiny net, so few that starting is most of it.
N_UPDATES = 1000

INTERPRETER = "the interpreter alone"
BARE_IMPORT = "import, nothing used"
IMPORT = "import, with what training needs"
FIRST_STEP = "import to the end of a first training step"
TINY = f"a script: {N_UPDATES} updates of a net of 16 weights, saved"


def measure(suite: Suite) -> list[dict[str, Any]]:
    """One entry a task."""
    case = CASES["mnist"]
    step = suite.task(case, suite.rows(case), steps=1)
    sides = {GRAPHNET: _graphnet(suite, step)}
    unavailable = {}
    if suite.torch_python:
        sides[TORCH] = _torch(suite, suite.torch_python, step)
    found: list[dict[str, Any]] = []
    for what in sides[GRAPHNET]:
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(1 + (3 if suite.quick else 7)):
            for name, tasks in list(sides.items()):
                try:
                    taken = tasks[what]()
                except (OSError, subprocess.CalledProcessError, WorkerEndedError) as error:
                    if name == GRAPHNET:
                        raise
                    unavailable[name] = reason(error)
                    del sides[name], seconds[name]
                    continue
                if turn:  # the first brings the files into memory
                    seconds[name].append(taken)
        entry = {"what": what, "net": what, "seconds": seconds, "unavailable": dict(unavailable)}
        found.append(entry)
        times = figures.medians(entry).items()
        text = ", ".join(f"{name} {figures.seconds_text(s)}" for name, s in times)
        suite.say(f"{what}: {text}")
    return found


def _graphnet(suite: Suite, step: dict[str, Any]) -> dict[str, Callable[[], float]]:
    python, run_folder = sys.executable, suite.folder / "tiny"
    solve = [python, "-m", "graphnet", "solve", str(ROOT / "nets" / "tiny-two-layer.yaml")]
    solve += ["--set", f"max_iter={N_UPDATES}", "--set", f"exp_dir={run_folder}"]
    solve += ["--set", "coffee_breaks=[]", "--fresh", "--quiet"]
    solve += ["--threads", str(suite.threads)]
    wanted = "from graphnet import load_net, load_solver, solve"
    return {
        INTERPRETER: lambda: _run([python, "-c", "pass"]),
        BARE_IMPORT: lambda: _run([python, "-c", "import graphnet"]),
        IMPORT: lambda: _run([python, "-c", wanted]),
        FIRST_STEP: lambda: _first_step(python, "benchmarks.graphnet_worker", step, "part"),
        TINY: lambda: _run(solve),
    }


def _torch(suite: Suite, python: str, step: dict[str, Any]) -> dict[str, Callable[[], float]]:
    script = [python, str(Path(__file__).with_name("torch_tiny.py"))]
    script += [str(N_UPDATES), str(suite.threads), str(suite.folder / "tiny.pt")]
    return {
        INTERPRETER: lambda: _run([python, "-c", "pass"]),
        BARE_IMPORT: lambda: _run([python, "-c", "import torch"]),
        IMPORT: lambda: _run([python, "-c", "import torch"]),
        # a worker of PyTorch has taken a step when it is ready
        FIRST_STEP: lambda: _first_step(python, "benchmarks.torch_worker", step),
        TINY: lambda: _run(script),
    }


def _run(command: list[str]) -> float:
    """Seconds of a whole process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    return time.perf_counter() - start


def _first_step(python: str, module: str, task: dict[str, Any], *asked: str) -> float:
    """Seconds until a worker's first step is done; its end is not waited for."""
    start = time.perf_counter()
    worker = Worker(python, module, task)
    try:
        worker.ready()
        for what in asked:
            worker.ask(what)
        return time.perf_counter() - start
    finally:
        worker.close()


def tables(found: list[dict[str, Any]]) -> list[Table]:
    """One row a task."""
    names = list(dict.fromkeys(name for entry in found for name in figures.peers(entry)))
    header = ["from a fresh process", GRAPHNET]
    for name in names:
        header += [name, "ratio"]
    rows = []
    for entry in found:
        medians = figures.medians(entry)
        row = [entry["what"], figures.seconds_text(medians[GRAPHNET])]
        for name in names:
            there = name in medians
            row.append(figures.seconds_text(medians[name]) if there else "")
            row.append(f"{figures.ratio(entry, name):.1f}" if there else "")
        rows.append(row)
    return [Table("startup", "Starting", header, rows, figures.notes(found))]
