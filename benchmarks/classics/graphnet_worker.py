"""The graphnet side: ``predict``, and the loop of ``solve``, asked over standard input."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import graphnet as gn
from benchmarks.classics.nets import training, with_batch
from benchmarks.classics.turns import SHORT, serve_turns
from benchmarks.process_memory import peak_bytes
from benchmarks.workers import answer, requests, serve
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.solver.lr_policy import Fixed
from graphnet.solver.mom_policy import Fixed as FixedMomentum
from graphnet.solver.reporter import SilentReporter

_ENDLESS = 10**9


class Stopwatch(gn.CoffeeBreak):
    """Times the loop between two of its visits, then waits to be asked again."""

    def __init__(self) -> None:
        self.start, self.last, self.untimed = 0.0, 0.0, False

    def enjoy(self, net: Any, state: Any, lounge: Any) -> None:
        """Answer requests; one for seconds returns to the loop."""
        now = time.perf_counter()
        if not state.iter:
            return
        if self.untimed:
            self.untimed, self.start = False, time.perf_counter()
            return
        if self.start:
            self.last = now - self.start
        answer(self.last if self.start else {})
        for what, *_ in requests():
            if what == "seconds":
                self.untimed, self.start = self.last < SHORT, time.perf_counter()
                return
            answer(peak_bytes())
        raise SystemExit


def run(task: dict[str, Any]) -> None:
    """One net, one batch: predictions, or training."""
    spec, rows = read_net(task["net"]), np.load(task["images"])
    given = {key: rows[key][: task["batch"]] for key in rows}
    if task["kind"] == "infer":
        net = load_net(with_batch(spec, task["batch"]), "test", threads=task["threads"])
        gn.load_weights(net, task["weights"])
        data = {"data": given["data"]}
        (out,) = net.predict(data).values()
        serve_turns({"out": out[0].ravel().tolist()}, lambda: net.predict(data))
        return
    made = training(spec, task["batch"])
    net = load_net(made, inputs=given, keep="needed", threads=task["threads"])
    settings = gn.SolverSpec(
        lr_policy=Fixed(base_lr=task["lr"]),
        mom_policy=FixedMomentum(momentum=task["momentum"]),
        max_iter=_ENDLESS,
        regu_coef=0.0,
    )
    solver = gn.Solver(settings)
    solver.add_coffee_break(Stopwatch(), every_n_iter=1)
    with np.errstate(all="ignore"):
        gn.solve(solver, net, reporter=SilentReporter())


if __name__ == "__main__":
    serve(run)
