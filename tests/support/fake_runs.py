"""Runs of the small net, and what befalls them."""

import os

import pytest
from support.fake_net import FakeNet
from support.lines import Lines

from graphnet.errors import GraphnetError
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec

BREAKS = [
    {"type": "TrainingSummary", "every_n_iter": 5},
    {"type": "Snapshot", "every_n_iter": 7, "keep_last": 2, "keep_best": "test-loss"},
    {"type": "TrainingSummary", "every_n_epoch": 1},
    {"type": "ValidationPerformance", "every_n_iter": 4, "every_n_epoch": 3},
    {"type": "Plateau", "key": "test-loss", "patience": 2, "gamma": 0.7, "cooldown": 1},
    {"type": "DecayOnValidation", "key": "accuracy", "gamma": 0.9},
    {"type": "EarlyStopping", "key": "accuracy", "patience": 50},
]


def solver_for(folder, n, breaks=BREAKS, **keys):
    return Solver(
        SolverSpec(
            max_iter=n,
            exp_dir=str(folder),
            lr_policy={"type": "Exp", "base_lr": 0.02, "gamma": 0.99},
            coffee_breaks=breaks,
            **keys,
        )
    )


def train(folder, n, net=None, *, fresh=False, breaks=BREAKS, **keys):
    reporter = Lines()
    solver = solver_for(folder, n, breaks, **keys)
    state = solve(solver, net or FakeNet(), fresh=fresh, reporter=reporter)
    return state, reporter


def in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Runs have relative paths, so that their snapshots are comparable byte by byte.

    Waiting for the disk is left out; tests/files/test_writing.py sees that it is done.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


class Killed(BaseException):
    """Ends a run without any care, as kill -9 does."""


def kill_at(net, n):
    """Have the n-th forward of a net never return."""
    forward, calls = net.forward, []

    def forward_or_die():
        calls.append(1)
        if len(calls) == n:
            raise Killed("killed")
        forward()

    net.forward = forward_or_die
    return net


class Once(CoffeeBreak):
    """Does something at iteration 6."""

    def __init__(self, do):
        self.do = do

    def enjoy(self, net, state, lounge):  # noqa: D102
        if state.iter == 6:
            return self.do(net, state, lounge)
        return None


def train_with(do, folder="run", n=10, breaks=(), **keys):
    solver = solver_for(folder, n, [*breaks, {"type": "Snapshot", "every_n_iter": 2}], **keys)
    solver.add_coffee_break(Once(do), every_n_iter=1)
    return solve(solver, FakeNet(), reporter=Lines())


def see_the_run_end_where_its_directory_goes(tmp_path, breaks, save_into, *, is_replaced):
    """At iteration 6: it says why, and neither makes it anew nor writes into what replaces it."""
    run = tmp_path / "run"

    class At6(CoffeeBreak):
        def enjoy(self, net, state, lounge):
            if state.iter == 6:
                run.rename(tmp_path / "moved")
                if is_replaced:
                    run.mkdir()

    solver = solver_for(run, 12, breaks)
    if save_into:
        solver.setup_coffee_lounge(save_into=tmp_path / save_into)
    solver.add_coffee_break(At6(), every_n_iter=1)
    with pytest.raises(GraphnetError, match="was moved, removed or replaced"):
        solve(solver, FakeNet(), reporter=Lines())
    assert run.exists() == is_replaced
    assert not is_replaced or not list(run.iterdir())
