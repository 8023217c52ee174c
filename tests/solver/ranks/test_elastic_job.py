"""Which job a run is in, and what is left of it."""

import re
from types import SimpleNamespace

import pytest

from graphnet.errors import LostRankError, SpecError
from graphnet.parallel import launch
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.starting_over import StartOverError
from graphnet.solver.ranks.elastic_job import job_of, left_of

PLAIN = SimpleNamespace(in_shards=None)


@pytest.fixture(autouse=True)
def _no_job(monkeypatch):
    monkeypatch.setattr(launch, "_instead", [])


class Elastic(LocalCommunicator):
    """One of several ranks."""

    is_elastic = True

    def __init__(self, size, rank=0):
        self.size, self.rank = size, rank


def test_a_run_is_in_the_job_of_its_process():
    """There is nothing to say of it."""
    assert job_of(PLAIN, None, elastic=False) == (launch.current(), "")


def test_a_net_in_shards_is_in_its_own():
    """Whatever is asked for."""
    own = Elastic(3)
    net = SimpleNamespace(in_shards=SimpleNamespace(communicator=own))
    assert job_of(net, 2, elastic=True) == (own, "")


def test_one_rank_cannot_do_without_itself():
    """It is said, with how to start several."""
    job, doubt = job_of(PLAIN, None, elastic=True)
    assert job is launch.current()
    assert doubt.startswith("elastic has no effect: there is one rank")
    assert "mpiexec --with-ft ulfm -n N" in doubt


def test_a_job_that_is_elastic_stays_so():
    """In later runs as well, with the ranks that are left."""
    left = Elastic(2)
    launch.go_on_with(left)
    assert job_of(PLAIN, None, elastic=True) == (left, "")
    assert job_of(PLAIN, None, elastic=False) == (left, "")
    assert job_of(PLAIN, 1, elastic=True) == (left, "")
    with pytest.raises(SpecError, match=r"min_ranks=2, but .* already, with min_ranks=1\n  leave"):
        job_of(PLAIN, 2, elastic=True)


@pytest.mark.parametrize(
    ("min_ranks", "elastic", "said"),
    [
        (2, False, "solve: min_ranks says how few may be left with elastic=True\n  give both"),
        (2, True, "solve: min_ranks=2: there are 1 ranks to begin with"),
        (0, True, "min_ranks: expected a whole number of at least 1, found 0"),
    ],
)
def test_too_few_ranks(min_ranks, elastic, said):
    """Before anything is begun."""
    with pytest.raises(SpecError, match=re.escape(said)):
        job_of(PLAIN, min_ranks, elastic=elastic)


@pytest.mark.parametrize(("size", "ranks"), [(1, "1 rank is left"), (2, "2 ranks are left")])
def test_those_who_are_left(size, ranks):
    """They are the process's job from then on."""
    left = Elastic(size)
    job, said = left_of(PLAIN, Elastic(3), StartOverError(left))
    assert job is left is launch.current()
    assert said == f"a rank was lost before the run had begun; {ranks}"


def test_a_net_in_shards_is_loaded_again_by_its_owner():
    """Its shards were shared out among ranks that are no more."""
    net = SimpleNamespace(in_shards=SimpleNamespace(communicator=Elastic(3)))
    with pytest.raises(LostRankError, match="a rank was lost before the run had begun"):
        left_of(net, Elastic(3), StartOverError(Elastic(2)))
