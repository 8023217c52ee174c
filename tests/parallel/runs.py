"""Runs on ranks that are threads, and what each rank has in the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.lines import Lines
from support.thread_ranks import ThreadCommunicator, all_of

from graphnet.net.spec import read_net
from graphnet.parallel.communicator import Communicator, LocalCommunicator
from graphnet.parallel.load_sharded_net import load_sharded_net
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec
from tests.parallel.recipe import BREAKS


def solver_of(n: int, **keys: Any) -> Solver:
    """With breaks that change the run, and a directory."""
    given = {
        "max_iter": n,
        "exp_dir": "run",
        "lr_policy": {"type": "Fixed", "base_lr": 0.01},
        "coffee_breaks": BREAKS,
        **keys,
    }
    return Solver(SolverSpec(**given))


def train(
    communicator: Communicator, net: list[dict[str, Any]], solver: Solver, shards: int
) -> dict[str, np.ndarray]:
    """Train on this rank; params, persistent state and the loss in the end."""
    reporter = Lines()
    precision = solver.spec.precision
    loaded = load_sharded_net(read_net(net), shards, communicator, threads=1, precision=precision)
    try:
        state = solve(solver, loaded, reporter=reporter)
        store = loaded.store
        found = {f"{k}/{n}": p.data.copy() for k, n, p in store.items()}
        found |= {
            f"{k}/{n}": a.copy() for k, named in store.state.items() for n, a in named.items()
        }
        found["obj_val"] = np.array([state.obj_val, state.iter, state.lr_scale])
        return found
    finally:
        loaded.close()


def train_on(ranks: int, net: list[dict[str, Any]], n: int, shards: int, **keys: Any) -> Any:
    """What each rank has in the end; of a run on so many ranks."""

    def work(communicator: ThreadCommunicator) -> dict[str, np.ndarray]:
        return train(communicator, net, solver_of(n, **keys), shards)

    if ranks == 1:
        return [train(LocalCommunicator(), net, solver_of(n, **keys), shards)]
    return all_of(ranks, work)
