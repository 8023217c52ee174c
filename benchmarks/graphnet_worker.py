"""The graphnet side: the plain ``solve`` path, asked over standard input.

A coffee break due after every K iterations reports how long they took and waits for the next
request, so what is timed is the loop that users run, fetching batches from memory included.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

import graphnet as gn
from benchmarks.cases import CASES, Case
from graphnet.layers import MemoryData
from graphnet.net.load import load_net
from graphnet.net.net import Net
from graphnet.net.spec import NetSpec, Node, read_net
from graphnet.solver.load import load_solver
from graphnet.solver.reporter import SilentReporter
from graphnet.timing import matmul_rate, step_flops

N_ROWS = 4096
ROOT = Path(__file__).parent.parent


class Meter(gn.CoffeeBreak):
    """Times the iterations between its visits, then waits to be asked for more."""

    def __init__(self, net: Net) -> None:
        self.net, self.start = net, 0.0

    def enjoy(self, net: Any, state: Any, lounge: Any) -> None:
        """Answer requests; one for training returns to the loop."""
        now = time.perf_counter()
        if state.iter:
            answer(now - self.start)
        while True:
            what = sys.stdin.readline().split()
            if not what:
                raise SystemExit
            if what[0] == "train":
                break
            answer(getattr(self, what[0])(*map(int, what[1:])))
        self.start = time.perf_counter()

    def peak(self, _: int) -> int:
        """Bytes of the process at its largest."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def planned(self, _: int) -> int:
        """Bytes of blobs, diffs, scratch and params."""
        return self.net.planned_bytes

    def flops(self, _: int) -> int:
        """Floating-point operations of a training step."""
        return sum(step_flops(self.net, node) for node in self.net.compiled.ordered)

    def floor(self, _: int) -> float:
        """Seconds a step would take at the rate of matrix products measured now."""
        return self.flops(0) / matmul_rate(self.net.backend)

    def infer(self, n_steps: int) -> float:
        """Seconds of ``n_steps`` predictions of a whole batch."""
        x = np.random.default_rng(1).random(self.net.compiled.shapes["data"], dtype=np.float32)
        self.net.predict({"data": x})
        start = time.perf_counter()
        for _ in range(n_steps):
            self.net.predict({"data": x})
        return time.perf_counter() - start


def answer(value: Any) -> None:
    """One line to whoever asks."""
    print(json.dumps(value), flush=True)


def with_rows_in_memory(spec: NetSpec, case: Case) -> tuple[NetSpec, dict[str, np.ndarray]]:
    """The net reading shuffled random rows from memory in place of its data set."""
    rng = np.random.default_rng(0)
    tops = next(n.tops for n in spec.data_nodes() if n.spec.phase in (None, "train"))
    values = [
        rng.random((N_ROWS, *case.data_shape), dtype=np.float32),
        rng.integers(0, case.n_class, N_ROWS).astype(np.float32),
    ]
    data = MemoryData(
        name="rows",
        batch_size=case.batch,
        shuffle=True,
        shapes=dict(zip(tops, (case.data_shape, ()), strict=True)),
        tops=tops,
    )
    kept = [n for n in spec.nodes if n not in spec.data_nodes()]
    return spec.with_nodes([Node.of(data), *kept]), dict(zip(tops, values, strict=True))


def main() -> None:
    """Train the case's net until the input ends."""
    name, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    case = replace(CASES[name], batch=batch)
    spec, inputs = with_rows_in_memory(read_net(ROOT / "nets" / case.net), case)
    solver = load_solver(ROOT / "solvers" / case.solver)
    endless = {"max_iter": 10**9, "max_epoch": None, "exp_dir": "", "coffee_breaks": ()}
    solver = type(solver)(solver.spec.model_copy(update=endless))
    net = load_net(spec, inputs=inputs, keep="needed", threads=threads)
    solver.add_coffee_break(Meter(net), every_n_iter=case.steps)
    answer({"version": gn.__version__, **asdict(case)})
    gn.solve(solver, net, reporter=SilentReporter())


if __name__ == "__main__":
    main()
