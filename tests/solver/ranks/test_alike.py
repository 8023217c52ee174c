"""Ranks that do not train the same."""

import shutil
import threading
from functools import partial
from types import SimpleNamespace

import pytest
from support.lines import Lines
from support.thread_ranks import run_ranks

from graphnet.errors import RankError
from graphnet.net.spec import read_net
from graphnet.parallel.load_sharded_net import load_sharded_net
from graphnet.solver.ranks import alike
from graphnet.solver.ranks.alike import compare, compare_processors
from graphnet.solver.solver import solve
from tests.parallel.recipe import layers, write_data
from tests.parallel.runs import solver_of


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)
    shutil.copy("train.h5", "copy.h5")


def solved(change):
    """Two ranks; ``change`` makes net, solver keys and seed of rank 1."""

    def work(communicator):
        net, keys, seed = layers(16), {}, 0
        if communicator.rank:
            net, keys, seed = change(net)
        loaded = load_sharded_net(read_net(net), 4, communicator, threads=1, seed=seed)
        try:
            return solve(
                solver_of(2, exp_dir=None, coffee_breaks=[], **keys), loaded, reporter=Lines()
            )
        finally:
            loaded.close()

    return run_ranks(2, work)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda net: (net, {"regu_coef": 0.1}, 0), "solver.regu_coef: 0.0005 there, 0.1 here"),
        (lambda net: (net, {}, 3), "seed: 0 there, 3 here"),
        (
            lambda net: ([*net[:2], {**net[2], "n_filter": 5}, *net[3:]], {}, 0),
            "net.layers.conv.n_filter: 4 there, 5 here",
        ),
        (lambda net: ([{**net[0], "source": "test.h5"}, *net[1:]], {}, 0), "data.data: "),
    ],
)
def test_what_differs_is_listed(change, said):
    """By rank 0; the others leave."""
    first, second = solved(change)
    assert isinstance(first, RankError)
    assert "rank 1 does not do what rank 0 does" in str(first)
    assert said in str(first)
    assert isinstance(second, SystemExit)


def test_versions():
    """Another graphnet or NumPy on a rank is a difference too."""
    everyone = [{"versions": {"numpy": "2.4"}}, {"versions": {"numpy": "2.3"}}]
    with pytest.raises(RankError, match=r"rank 1 \(b\) .*\n  versions.numpy: 2.4 there, 2.3 here"):
        compare(everyone, ["a", "b"])
    compare(everyone[:1] * 2, ["a", "b"])
    assert alike.versions()["graphnet"]


HASWELL = {"model": "A", "architecture": "x86_64", "blas": ["b for Haswell"], "vectors": []}
ZEN = HASWELL | {"blas": ["b for Zen"]}


def test_processors_of_several_kinds():
    """They round differently: refused, or told where that was asked for."""
    compare_processors([HASWELL, HASWELL | {"model": "B"}], [], None, any_processor=False)
    with pytest.raises(RankError, match="round differently") as refused:
        compare_processors([HASWELL, ZEN], ["a", "b"], None, any_processor=False)
    text = (
        "rank 1 (b) has another kind of processor than rank 0 ('now' is rank 1):\n  A, now A: BLAS"
    )
    assert str(refused.value).startswith(text)
    assert "--override processors (in Python override=['processors'])" in str(refused.value)
    said = []
    compare_processors([HASWELL, ZEN, ZEN], [], said.append, any_processor=True)
    assert len(said) == 1
    assert said[0].endswith("the result depends on which rank computes what")


def test_ranks_on_processors_of_several_kinds(monkeypatch):
    """Do not begin; with ``override`` they do, and rank 0 tells of it."""
    kinds = SimpleNamespace(here=threading.local())

    def work(communicator, override=()):
        kinds.here.kind = ZEN if communicator.rank else HASWELL
        loaded = load_sharded_net(read_net(layers(16)), 4, communicator, threads=1, seed=0)
        reporter = Lines()
        try:
            solver = solver_of(2, exp_dir=None, coffee_breaks=[])
            solve(solver, loaded, reporter=reporter, override=override)
        finally:
            loaded.close()
        return reporter.warnings

    found = SimpleNamespace(to_dict=lambda: kinds.here.kind)
    monkeypatch.setattr(alike, "processor", lambda: found)
    first, second = run_ranks(2, work)
    assert isinstance(first, RankError)
    assert isinstance(second, SystemExit)
    first, second = run_ranks(2, partial(work, override="processors"))
    (warning,) = first
    assert "rank 1 has another kind of processor" in warning
    assert second == []
