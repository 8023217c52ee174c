"""The graphnet side: the plain ``solve`` path, asked over standard input.

A coffee break due after every so many iterations reports how long they took and waits for the
next request, so what is timed is the loop that users run, fetching batches included.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

import graphnet as gn
from benchmarks.cases import Case, case_of
from benchmarks.graphnet_case import load_rows, make_net, make_solver
from benchmarks.process_memory import peak_bytes
from benchmarks.workers import TIMED_PARTS, answer, calls_in, requests, seconds_of, serve
from graphnet.net.net import Net
from graphnet.solver.reporter import SilentReporter
from graphnet.timing import matmul_rate, step_flops

_ENDLESS = 10**9


class Meter(gn.CoffeeBreak):
    """Times the iterations between its visits, then waits to be asked for more.

    Args:
        case: What is trained.
        net: In training.
        rows: What it learns from.
        steps: Between two visits. Those before the first one that follows a request are not
            timed: a process that has slept needs some time to get going.
    """

    def __init__(self, case: Case, net: Net, rows: dict[str, np.ndarray], steps: int) -> None:
        self.net, self.steps, self.start = net, steps, 0.0
        self.inputs = {top: rows[top] for top in list(case.tops)[:-1]}
        self.calls: dict[int, int] = {}
        self.visits_left = 0

    def enjoy(self, net: Any, state: Any, lounge: Any) -> None:
        """Answer requests; one for training returns to the loop."""
        now = time.perf_counter()
        if self.visits_left == TIMED_PARTS:
            self.start = now
        self.visits_left -= 1
        if self.visits_left >= 0:
            return
        if state.iter:
            answer((now - self.start) / (self.steps * TIMED_PARTS))
        for what, *arguments in requests():
            if what in ("train", "part"):  # a part alone is for whoever has a clock of their own
                self.visits_left = TIMED_PARTS if what == "train" else 0
                return
            answer(getattr(self, what)(*arguments))
        raise SystemExit

    def peak(self) -> int:
        """Bytes of the process at its largest."""
        return peak_bytes()

    def planned(self) -> int:
        """Bytes of blobs, diffs, scratch, params and their diffs."""
        return self.net.planned_bytes

    def flops(self) -> dict[str, float]:
        """Of a training step, and of an inference pass per sample."""
        compiled = self.net.compiled
        return {
            "train": sum(step_flops(self.net, layer) for layer in compiled.layers),
            "infer": 2 * sum(layer.macs for layer in compiled.layers) / self.net.batch_size,
        }

    def rate(self) -> float:
        """FLOP/s of a product of float32 matrices."""
        return matmul_rate(self.net.backend)

    def infer(self, batch: int, seconds: float) -> float:
        """Seconds of a prediction of so many rows, the mean over about ``seconds``."""
        rows = {top: values[:batch] for top, values in self.inputs.items()}
        if batch not in self.calls:
            self.calls[batch] = calls_in(lambda: self.net.predict(rows), seconds / TIMED_PARTS)
        return seconds_of(lambda: self.net.predict(rows), self.calls[batch])


def training_pass(net: Net) -> None:
    """Most of a step."""
    net.forward()
    net.backward()


def run(task: dict[str, Any]) -> None:
    """Train the task's net until the input ends."""
    begin = peak_bytes()
    case, rows = case_of(task), load_rows(task["rows"])
    net = make_net(case, rows, task["threads"])
    part = task["seconds"] / TIMED_PARTS
    steps = task["steps"] or calls_in(lambda: training_pass(net), part)
    solver = make_solver(case, _ENDLESS)
    solver.add_coffee_break(Meter(case, net, rows, steps), every_n_iter=steps)
    answer({"version": gn.__version__, "begin_bytes": begin, "steps": steps})
    with np.errstate(all="ignore"):
        gn.solve(solver, net, reporter=SilentReporter())


if __name__ == "__main__":
    serve(run)
    sys.exit()
