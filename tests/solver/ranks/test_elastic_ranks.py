# ruff: noqa: D102  # the base class says what each method does
"""ElasticRanks: wherever ranks die, the others go on to the same result."""

import json
import os
import shutil
import threading
from contextlib import chdir
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from support.elastic_threads import run_elastic
from support.lines import Lines

from graphnet.errors import RankError, SnapshotError, SpecError
from graphnet.net.spec import read_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import load_sharded_net
from graphnet.parallel.starting_over import StartOverError
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.solver import solve
from tests.parallel.dying import PLACES
from tests.parallel.recipe import layers, results, write_data
from tests.parallel.runs import solver_of, train

N = 9
BREAKS = [
    {"type": "TrainingSummary", "every_n_iter": 2, "every_n_epoch": 1},
    {"type": "ValidationPerformance", "every_n_iter": 3},
    {"type": "ValidationPerformance", "every_n_iter": 3, "averaged": True},
    {"type": "Plateau", "key": "accuracy", "patience": 1, "gamma": 0.5, "restore_best": True},
    {"type": "Snapshot", "every_n_iter": 3, "keep_last": 2, "keep_best": "accuracy"},
    {"type": "CSVLog", "every_n_iter": 2},
]
KEYS = {"coffee_breaks": BREAKS, "ema": 0.9, "iter_size": 2}


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory):
    """A folder with data; the files that the run leaves there alone, and what the net then has."""
    folder = tmp_path_factory.mktemp("elastic")
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        write_data(folder)
        found = train(LocalCommunicator(), layers(16), solver_of(N, **KEYS), 4)
        return folder, (files(folder), found)


@pytest.fixture(name="whole")
def _whole(place):
    return place[1]


@pytest.fixture(autouse=True)
def _there(place, monkeypatch):
    monkeypatch.chdir(place[0])
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    for name in ("run", "elsewhere", "alone"):
        shutil.rmtree(name, ignore_errors=True)


def files(folder):
    run = folder / "run"
    return {**results(run), "log.csv": (run / "log.csv").read_bytes()}


class Deaths:
    """Has ranks die at places, and says how often that has come about."""

    def __init__(self, monkeypatch, *deaths):
        self.n = 0
        for number, place, count in deaths:
            self._at(monkeypatch, number, place, count)

    def _at(self, monkeypatch, number, place, count):
        module_name, class_name, name = PLACES[place]
        owner = import_module(module_name)
        owner = getattr(owner, class_name) if class_name else owner
        function, came = getattr(owner, name), 0

        def wrapped(*arguments, **keys):
            nonlocal came
            if threading.current_thread().name == f"rank {number}":
                came += 1
                if came == count:
                    self.n += 1
                    COMMUNICATORS[number].die()
            return function(*arguments, **keys)

        monkeypatch.setattr(owner, name, wrapped)


#: Of each rank, by its first number, the one it began with.
COMMUNICATORS = {}


def work(communicator):
    COMMUNICATORS[communicator.number] = communicator
    return train(communicator, layers(16), solver_of(N, **KEYS), 4)


def assert_whole(found, whole, died):
    """The files are those of the run left alone, and so is what each rank has that is left."""
    for number, result in found.items():
        if isinstance(result, BaseException):
            raise result
        assert (result is None) == (number in died)
        for name, value in (result or {}).items():
            np.testing.assert_array_equal(value, whole[1][name], name)
    assert files(Path()) == whole[0]


@pytest.mark.parametrize(
    ("ranks", "deaths"),
    [
        (2, [(1, "forward", 9)]),
        (3, [(1, "forward", 9)]),
        (3, [(0, "forward", 9)]),
        (4, [(2, "sum", 13)]),
        (4, [(3, "sum", 14), (0, "sum", 16)]),
        (3, [(2, "update", 3)]),
        (3, [(0, "update", 4)]),
        (3, [(0, "breaks", 1)]),
        (3, [(0, "breaks", 3)]),
        (3, [(1, "validation", 3)]),
        (3, [(0, "validation", 4)]),
        (3, [(0, "snapshot", 3)]),
        (2, [(0, "file", 8)]),
        (3, [(0, "tell", 5)]),
        (3, [(2, "follow", 5)]),
        (3, [(1, "receive", 2)]),
        (3, [(0, "open", 1)]),
        (4, [(2, "forward", 5), (0, "take over", 1)]),
        (4, [(0, "forward", 5), (1, "take over", 1)]),
        (4, [(1, "sum", 9), (3, "share", 1)]),
        (3, [(0, "finish", 1)]),
        (3, [(0, "close", 1)]),
        (3, [(0, "record", 1)]),
        (4, [(0, "forward", 3), (1, "forward", 8), (2, "forward", 12)]),
    ],
)
def test_ranks_die(monkeypatch, whole, ranks, deaths):
    """In a step, in a turn, at the end, while others take over: nothing is different after it."""
    died = Deaths(monkeypatch, *deaths)
    found = run_elastic(ranks, work)
    assert died.n == len(deaths)
    assert_whole(found, whole, {number for number, *_ in deaths})
    record = json.loads(Path("run/run.json").read_text())
    (start,) = record["starts"]
    assert start["outcome"] == "finished"
    named = [rank for loss in start["lost"] for rank in loss["ranks"]]
    assert len(named) == len(deaths)
    assert f"(thread {deaths[0][0]})" in named[0]


#: A net with state that each row hands to the next batch, and one whose shards run abreast.
CARRIED, ABREAST = "carried state", "shards abreast"


def other_net(kind):
    if kind == ABREAST:
        return layers(16, sync=True)
    rng = np.random.default_rng(0)
    data = {"x": rng.standard_normal((24, 5, 2)).tolist(), "label": [0, 1] * 12}
    recurrent = {"type": "LSTM", "output_dim": 3, "stateful": True}
    ends = {"bottoms": ["out", "label"]}
    return [
        {"name": "data", "type": "MemoryData", "batch_size": 8, "tops": ["x", "label"]}
        | {"data": data},
        {"name": "lstm", **recurrent, "bottoms": ["x"], "tops": ["h"]},
        {"name": "ip", "type": "InnerProduct", "output_dim": 2, "bottoms": ["h"], "tops": ["out"]},
        {"name": "loss", "type": "SoftmaxLoss", **ends},
    ]


@pytest.mark.parametrize("kind", [CARRIED, ABREAST])
@pytest.mark.parametrize("deaths", [[(1, "forward", 6)], [(0, "sum", 9), (2, "sum", 13)]])
def test_other_nets(monkeypatch, kind, deaths):
    """State handed from batch to batch, and shards that run abreast."""
    breaks = [{"type": "Snapshot", "every_n_iter": 2}]

    def trained(communicator):
        COMMUNICATORS[getattr(communicator, "number", None)] = communicator
        return train(communicator, other_net(kind), solver_of(6, coffee_breaks=breaks), 4)

    alone = trained(LocalCommunicator())
    whole = results(Path("run"))
    Path("run").rename("alone")
    died = Deaths(monkeypatch, *deaths)
    found = run_elastic(4, trained)
    assert died.n == len(deaths)
    for number, result in found.items():
        if isinstance(result, BaseException):
            raise result
        assert (result is None) == (number in dict.fromkeys(n for n, *_ in deaths))
    for name, value in next(filter(None, found.values())).items():
        np.testing.assert_array_equal(value, alone[name], name)
    assert results(Path("run")) == whole


def test_too_few_are_left(monkeypatch):
    """The job ends, and goes on from its snapshot on one rank to what it would have been."""
    Deaths(monkeypatch, (1, "forward", 9))
    found = run_elastic(2, work, min_ranks=2)
    assert isinstance(found[0], RankError)
    assert "1 ranks are left" in str(found[0])


def test_a_rank_that_has_not_begun(monkeypatch):
    """Those that are left start over, by those who started them."""
    Deaths(monkeypatch, (0, "begin", 1))
    found = run_elastic(3, work)
    assert found[0] is None
    for number in (1, 2):
        assert isinstance(found[number], StartOverError)
        assert found[number].communicator.size == 2


def test_a_run_that_the_new_rank_0_cannot_see(monkeypatch):
    """On a host without the folder of the run the job ends, and says what is needed."""
    Deaths(monkeypatch, (0, "forward", 9))
    from graphnet.parallel.sharded_net import ShardedNet

    share = ShardedNet.share_anew

    def hidden(net, communicator):
        if Path("run").exists():
            Path("run").rename("elsewhere")
        share(net, communicator)

    monkeypatch.setattr(ShardedNet, "share_anew", hidden)
    found = run_elastic(2, work)
    assert isinstance(found[1], SnapshotError)
    assert "need an exp_dir that all of them see" in str(found[1])


def test_an_exp_dir_is_needed():
    """Without one a rank could not take over what another has recorded."""

    def without(communicator):
        loaded = load_sharded_net(read_net(layers(16)), 4, communicator, threads=1)
        try:
            return solve(solver_of(N, exp_dir=None, coffee_breaks=[]), loaded, reporter=Lines())
        finally:
            loaded.close()

    found = run_elastic(2, without)
    assert isinstance(found[0], SpecError)
    assert "elastic: the solver has no exp_dir" in str(found[0])


class Moving(CoffeeBreak):
    """A user's break that moves params, and counts how often."""

    changes_params = True

    def __init__(self):
        self.n = 0

    def enjoy(self, net, state, lounge):
        self.n += 1
        net.store.data[:3] += 0.25
        lounge.update_statistics("moved", self.n)

    def state_dict(self):
        return {"n": self.n}

    def load_state_dict(self, saved):
        self.n = int(saved.get("n", 0))


@pytest.mark.parametrize("death", [(1, "follow", 4), (0, "tell", 4), (1, "receive", 4)])
def test_breaks_that_move_params(monkeypatch, death):
    """A turn in which params have moved is taken back with them."""

    def moved(communicator):
        COMMUNICATORS[getattr(communicator, "number", None)] = communicator
        loaded = load_sharded_net(read_net(layers(16)), 4, communicator, threads=1)
        solver = solver_of(6)
        solver.add_coffee_break(Moving(), every_n_iter=1)
        try:
            solve(solver, loaded, reporter=Lines())
            return loaded.store.data.copy()
        finally:
            loaded.close()

    alone = moved(LocalCommunicator())
    whole = results(Path("run"))
    Path("run").rename("alone")
    died = Deaths(monkeypatch, death)
    found = run_elastic(3, moved)
    assert died.n == 1
    left = [data for number, data in found.items() if number != death[0]]
    for data in left:
        np.testing.assert_array_equal(data, alone)
    assert results(Path("run")) == whole
