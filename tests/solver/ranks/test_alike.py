"""Ranks that do not train the same."""

import shutil

import pytest
from support.fake_net import Lines
from support.thread_ranks import run_ranks

from graphnet.errors import RankError
from graphnet.net.spec import read_net
from graphnet.parallel.load_sharded_net import load_sharded_net
from graphnet.solver.ranks import alike
from graphnet.solver.ranks.alike import compare
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
