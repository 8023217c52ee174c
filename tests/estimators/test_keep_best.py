"""KeepBest: when it stops a run, and what it restores."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.estimators.keep_best import KeepBest
from graphnet.layers.data.memory_data import MemoryData
from graphnet.layers.dense.inner_product import InnerProduct
from graphnet.layers.losses.square_loss import SquareLoss
from graphnet.net.load_net import load_net
from graphnet.solver.reporter import SilentReporter
from graphnet.solver.solver import Solver
from graphnet.solver.spec import SolverSpec


def run(scores, patience):
    """A run of eight epochs scored so; the break, the net, and its weights after each epoch."""
    x = np.random.default_rng(0).normal(size=(4, 2))
    layers = [
        MemoryData(name="data", batch_size=4, tops=("x", "y")),
        InnerProduct(name="ip", output_dim=1, bottoms=("x",), tops=("ip",)),
        SquareLoss(name="loss", bottoms=("ip", "y")),
    ]
    net = load_net(layers, inputs={"x": x, "y": x[:, :1]})
    seen, left = [], iter(scores)

    def score():
        seen.append(np.array(net.params["ip"]["weight"].data))
        return next(left)

    keeper = KeepBest(score, patience)
    solver = Solver(SolverSpec(max_epoch=8))
    solver.add_coffee_break(keeper, every_n_epoch=1)
    state = solver.solve(net, reporter=SilentReporter())
    return keeper, net, seen, state


def test_the_best_params_are_put_back():
    """Those of the epoch with the largest score, however the run ends."""
    keeper, net, seen, state = run([1, 5, 2, 3, 4, 4, 4, 4], patience=100)
    assert (keeper.best, keeper.best_epoch, state.epoch) == (5, 2, 8)
    assert (net.params["ip"]["weight"].data == seen[1]).all()
    assert (seen[1] != seen[-1]).any()


@pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (2, 7)])
def test_it_stops_when_nothing_gets_better(patience, epochs):
    """After so many scores in a row; an equal one is no better."""
    keeper, _, _, state = run([1, 2, 2, 3, 4, 3, 4, 9], patience)
    assert state.epoch == epochs == len(keeper.scores)
    assert "no better score" in state.stop_reason
