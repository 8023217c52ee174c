# ruff: noqa: D102  # the base class says what each method does
"""SeveralRanks: rank 0 leads, and whatever it does the others stand where it stands."""

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from support.lines import Lines
from support.thread_ranks import all_of, run_ranks

from graphnet.errors import BreakError, DataError, DivergedError, RankError, SnapshotError
from graphnet.net.spec import read_net
from graphnet.parallel.load_sharded_net import load_sharded_net
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.signals import Interrupted
from graphnet.solver.solver import solve
from tests.parallel.recipe import layers, write_data
from tests.parallel.runs import solver_of, train, train_on


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    write_data(tmp_path)


def on_ranks(size, solver_for, net=None, spoil=lambda _net, _rank: None, **options):
    """What ``solve`` has returned or raised on each rank, and each rank's net."""
    nets = {}

    def work(communicator):
        loaded = load_sharded_net(read_net(net or layers(16)), 4, communicator, threads=1)
        nets[communicator.rank] = loaded
        spoil(loaded, communicator.rank)
        try:
            return solve(solver_for(communicator.rank), loaded, reporter=Lines(), **options)
        finally:
            loaded.close()

    return run_ranks(size, work), nets


def assert_alike(nets):
    for net in nets.values():
        np.testing.assert_array_equal(net.store.data, nets[0].store.data)


class Meddling(CoffeeBreak):
    """A user's own break: moves a param, the rate and the data of the rank it runs on."""

    changes_params = True

    def __init__(self):
        self.n_taken = 0

    def enjoy(self, net, state, lounge):
        if state.iter == 3:
            net.store.data[:5] = np.pi
            net.store.state["bn"]["mean"][:] = 2
            net.load_state_dict({"cursors": {"data": 48}})
            state.lr_scale = 0.25
        if state.iter == 5:
            state.stop("enough")
        self.n_taken += 1


def test_a_break_of_the_users_own_has_its_effect_everywhere():
    """It runs on rank 0 alone, and all go on from what it has done."""
    breaks = {}

    def solver_for(rank):
        solver, breaks[rank] = solver_of(9, coffee_breaks=[]), Meddling()
        solver.add_coffee_break(breaks[rank], every_n_iter=1)
        return solver

    states, nets = on_ranks(2, solver_for)
    assert [(s.iter, s.lr_scale, s.stop_reason) for s in states] == [(5, 0.25, "enough")] * 2
    assert (breaks[0].n_taken, breaks[1].n_taken) == (6, 0)
    assert_alike(nets)
    np.testing.assert_array_equal(
        nets[0].store.state["bn"]["mean"], nets[1].store.state["bn"]["mean"]
    )
    assert [net.state_dict()["cursors"]["data"] for net in nets.values()] == [48 + 2 * 16] * 2


def test_a_break_that_does_not_say_what_it_changes(monkeypatch):
    """The ranks are found to differ, and the message says how it is declared."""
    monkeypatch.setattr("graphnet.solver.ranks.several_ranks.COMPARED_EVERY", 3)
    monkeypatch.setattr(Meddling, "changes_params", False)

    def solver_for(_rank):
        solver = solver_of(9, coffee_breaks=[])
        solver.add_coffee_break(Meddling(), every_n_iter=1)
        return solver

    (first, second), _ = on_ranks(2, solver_for)
    assert isinstance(first, RankError)
    assert "must say so: changes_params = True" in str(first)
    assert isinstance(second, SystemExit)


def test_early_stopping_stops_all():
    """After the same iteration."""
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 1},
        {"type": "EarlyStopping", "key": "accuracy", "patience": 1, "mode": "min"},
    ]
    states, nets = on_ranks(4, lambda _: solver_of(50, coffee_breaks=breaks))
    assert len({state.iter for state in states}) == 1
    assert states[0].iter < 50
    assert states[3].stop_reason == states[0].stop_reason != ""
    assert_alike(nets)


def test_the_best_comes_back_everywhere():
    """Params and history, on all ranks, as in one process."""
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 1},
        {"type": "Snapshot", "every_n_iter": 9, "keep_best": "loss"},
        {"type": "DecayOnValidation", "key": "loss", "gamma": 0.5, "restore_best": True},
    ]
    keys = {"coffee_breaks": breaks, "lr_policy": {"type": "Fixed", "base_lr": 0.4}}
    (expected,) = train_on(1, layers(16), 8, 4, **keys)
    assert expected["obj_val"][2] < 1  # it has decayed, and so gone back
    shutil.rmtree("run")
    for found in train_on(2, layers(16), 8, 4, **keys):
        np.testing.assert_array_equal(found["ip/weight"], expected["ip/weight"])


def test_several_sets_are_measured_by_all_ranks():
    """Each by its name, in the bits of one process; the best by one of them comes back."""
    every = {"type": "ValidationPerformance", "every_n_iter": 1}
    breaks = [
        every,
        {**every, "name": "first", "source": "train.h5", "rows": "0:21"},
        {**every, "name": "rest", "source": ["train.h5"], "rows": "21:"},
        {"type": "Snapshot", "keep_best": "first.loss"},
        {"type": "EarlyStopping", "key": "first.loss", "patience": 1, "mode": "max",
         "restore_best": True},
    ]  # fmt: skip
    breaks[3]["mode"] = "max"  # which the first is, so that the second ends it
    said = []
    for ranks in (1, 2):
        (found, *_) = train_on(ranks, layers(16), 8, 4, coffee_breaks=breaks)
        said.append((Path("run/statistics.jsonl").read_text("utf-8"), found["ip/weight"].tobytes()))
        shutil.rmtree("run")
    assert said[0] == said[1]
    assert '"rest.accuracy"' in said[0][0]


def test_a_finished_run_is_left_alone():
    """On all ranks."""
    on_ranks(2, lambda _: solver_of(3))
    states, nets = on_ranks(2, lambda _: solver_of(3))
    assert [state.iter for state in states] == [3, 3]
    assert_alike(nets)


def test_beginning_anew():
    """Rank 0 sets the run aside; all start where it does."""
    train_on(2, layers(16), 4, 4)
    states, nets = on_ranks(2, lambda _: solver_of(3), fresh=True)
    assert [state.iter for state in states] == [3, 3]
    assert Path("run/earlier-001").is_dir()
    assert_alike(nets)


def test_one_record():
    """Rank 0 writes it."""
    train_on(2, layers(16), 4, 4)
    (start,) = json.loads(Path("run/run.json").read_text())["starts"]
    assert start["outcome"] == "finished"


class Failing(CoffeeBreak):
    """Raises."""

    def enjoy(self, net, state, lounge):
        if state.iter == 2:
            raise ValueError("no coffee")


def test_a_break_that_fails():
    """Rank 0 says so after a snapshot, and the others leave."""

    def solver_for(_rank):
        solver = solver_of(9)
        solver.add_coffee_break(Failing(), every_n_iter=1)
        return solver

    (first, second), _ = on_ranks(2, solver_for)
    assert isinstance(first, BreakError)
    assert "no coffee" in str(first)
    assert "snapshot-000002.h5" in str(first)
    assert (type(second), second.code) == (SystemExit, 1)


def test_a_run_that_diverges():
    """The layer is named by rank 0."""
    keys = {"lr_policy": {"type": "Fixed", "base_lr": 1e30}}
    (first, second), _ = on_ranks(2, lambda _: solver_of(20, **keys))
    assert isinstance(first, DivergedError)
    assert isinstance(second, SystemExit)


def test_a_directory_of_another_run():
    """Nobody waits for anybody."""
    train_on(1, layers(16), 3, 4)
    (first, second), _ = on_ranks(2, lambda _: solver_of(5, regu_coef=0.1))
    assert isinstance(first, SnapshotError)
    assert "regu_coef" in str(first)
    assert isinstance(second, SystemExit)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_fails_in_a_step(rank):
    """It ends the job for all, and says which rank it was."""

    def spoil(net, of_rank):
        forward = net._first._run_forward

        def fail():
            if net.context.iteration == 3:
                raise DataError("the file is gone")
            forward()

        if of_rank == rank:
            vars(net._first)["_run_forward"] = fail

    ended, _ = on_ranks(2, lambda _: solver_of(9), spoil=spoil)
    assert [type(error) for error in ended] == [RankError, RankError]
    assert f"rank {rank} of 2: the file is gone" in str(ended[rank])
    assert "solve again to go on" in str(ended[1 - rank])


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 138)]
)
def test_a_signal_to_any_rank(monkeypatch, number, code):
    """All stop after the same iteration."""

    def spoil(net, rank):
        forward = net._first._run_forward

        def forward_and_hear():
            if rank == 1 and net.context.iteration == 4:
                watches[1].stop = number
            forward()

        vars(net._first)["_run_forward"] = forward_and_hear

    watches = {}

    def heard(training):
        watches[training.net.communicator.rank] = training.signals
        return begin(training)

    from graphnet.solver.training import Training

    begin = Training._loop
    monkeypatch.setattr(Training, "_loop", heard)
    (first, second), nets = on_ranks(2, lambda _: solver_of(20), spoil=spoil)
    assert isinstance(first, Interrupted)
    assert (first.exit_code, second.code) == (code, code)
    assert "snapshot-000006.h5" in str(first)
    assert_alike(nets)


def test_a_hangup_saves():
    """On whichever rank it arrives, rank 0 writes a snapshot, once."""

    def spoil(net, rank):
        if rank == 1:
            ballot, forward = net.ballot, net._first._run_forward

            def hang_up():
                ballot[2] = net.context.iteration == 6
                forward()

            vars(net._first)["_run_forward"] = hang_up

    breaks = [{"type": "Snapshot", "every_n_iter": 100}]
    states, _ = on_ranks(2, lambda _: solver_of(12, coffee_breaks=breaks), spoil=spoil)
    assert [state.iter for state in states] == [12, 12]
    found = sorted(path.name for path in Path("run/snapshots").glob("snapshot-*"))
    assert found == [f"snapshot-{at:06d}.h5" for at in (0, 7, 12)]


def test_ranks_watch_while_they_run():
    """From before the first exchange to after the last."""

    def work(communicator):
        train(communicator, layers(16), solver_of(2), 4)
        return communicator.is_watching, communicator.is_closed

    assert all_of(2, work) == [(True, True)] * 2


def test_a_validation_that_fails_on_one_rank_is_skipped():
    """With ``on_error: continue`` all go on; the rank is named."""

    def spoil(net, rank):
        if rank == 1:
            vars(net.sibling("test")._net)["forward"] = fail

    def fail():
        raise DataError("the test data is gone")

    reporter = Lines()

    def work(communicator):
        loaded = load_sharded_net(read_net(layers(16)), 4, communicator, threads=1)
        spoil(loaded, communicator.rank)
        breaks = [{"type": "ValidationPerformance", "every_n_iter": 2}]
        solver = solver_of(5, coffee_breaks=breaks, on_error="continue")
        try:
            return solve(solver, loaded, reporter=reporter).iter
        finally:
            loaded.close()

    assert all_of(2, work) == [5, 5]
    assert "on rank 1 of 2: the test data is gone" in reporter.warnings[0]


def test_ranks_whose_params_differ(monkeypatch):
    """As on processors that round differently: they do not go on."""
    monkeypatch.setattr("graphnet.solver.ranks.several_ranks.COMPARED_EVERY", 3)

    def spoil(net, rank):
        forward = net._first._run_forward

        def drift():
            forward()
            if rank == 1 and net.context.iteration == 3:
                net.store.data[0] += 1e-3

        vars(net._first)["_run_forward"] = drift

    (first, second), _ = on_ranks(2, lambda _: solver_of(20), spoil=spoil)
    assert isinstance(first, RankError)
    assert "rank 1 has other params than rank 0" in str(first)
    assert isinstance(second, SystemExit)
