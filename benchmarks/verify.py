"""Verifies that PyTorch's nets do graphnet's arithmetic: same params, same rows, a few updates.

In float64, on random numbers and at a steady rate, so that nothing but the arithmetic can differ.
Rounding would decide which of equal maxima takes a gradient, as in the background of a digit, and
in float32 the sign of a gradient that is next to nothing, for which Adam's update is as large as
for any. PyTorch's momentum weighs gradients by the rate of now, Caffe's and ours by the rate they
came at.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import graphnet as gn
from benchmarks.cases import CASES, DEEP, Case
from benchmarks.graphnet_case import load_rows, made_up, make_net, make_solver, write
from benchmarks.suite import TORCH, Suite
from benchmarks.tables import Table
from benchmarks.workers import Worker, WorkerEndedError
from graphnet.solver.reporter import SilentReporter

N_UPDATES = 3
#: Both sides add in another order; these are far above what float64 makes of that.
LOSS_TOLERANCE, UPDATE_TOLERANCE = 1e-12, 1e-9
RATE = 0.01


class Losses(gn.CoffeeBreak):
    """Keeps the loss of every iteration."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def enjoy(self, net: Any, state: Any, lounge: Any) -> None:
        """Note it."""
        if state.iter:
            self.found.append(net.loss())


def record(case: Case, rows: dict[str, np.ndarray], file: Path, threads: int) -> None:
    """Write graphnet's params before and after a few updates, and the losses."""
    net = make_net(case, rows, threads, shuffle=False, dtype="float64")
    losses, solver = Losses(), make_solver(case, N_UPDATES)
    solver.add_coffee_break(losses, every_n_iter=1)
    before = [param.data.copy() for _, _, param in net.store.items()]
    gn.solve(solver, net, reporter=SilentReporter())
    after = [param.data for _, _, param in net.store.items()]
    arrays = {f"before/{i}": values for i, values in enumerate(before)}
    arrays |= {f"after/{i}": values for i, values in enumerate(after)}
    np.savez(file, losses=losses.found, n_params=len(before), **arrays)
    net.close()


def measure(suite: Suite) -> list[dict[str, Any]]:
    """One entry a net."""
    found: list[dict[str, Any]] = []
    if not suite.torch_python:
        return found
    for given in [*(CASES[name] for name in suite.nets), DEEP.with_sizes(depth=4)]:
        case = replace(given, lr=RATE)
        rows = write(made_up(case, N_UPDATES * case.batch), suite.folder / f"{case.name}-verify")
        file = suite.folder / f"{case.name}.npz"
        record(case, load_rows(rows), file, suite.threads)
        worker = Worker(suite.torch_python, "benchmarks.torch_worker", suite.task(case, rows))
        entry: dict[str, Any] = {"net": case.name, "updates": N_UPDATES}
        try:
            worker.ready()
            entry |= worker.ask("verify", str(file))
            agrees = entry["loss"] <= LOSS_TOLERANCE and entry["update"] <= UPDATE_TOLERANCE
            entry["agrees"] = agrees
        except WorkerEndedError as error:
            entry |= {"agrees": False, "problem": str(error)}
        finally:
            worker.close()
        found.append(entry)
        suite.say(f"verify {case.name}: {'agrees' if entry['agrees'] else 'DOES NOT AGREE'}")
    return found


def tables(found: list[dict[str, Any]]) -> list[Table]:
    """How far PyTorch is from graphnet."""
    rows = [
        [
            entry["net"],
            str(entry["updates"]),
            f"{entry['loss']:.1e}" if "loss" in entry else entry["problem"],
            f"{entry['update']:.1e}" if "update" in entry else "",
            "yes" if entry["agrees"] else "NO",
        ]
        for entry in found
    ]
    header = ["net", "updates", "loss differs by", "update differs by", "agrees"]
    return [Table("verify", f"{TORCH} beside graphnet after the same updates", header, rows)]
