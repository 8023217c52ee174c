"""What a run is in a job: its shards, and who speaks."""

from types import SimpleNamespace

import pytest
from support.lines import Lines

from graphnet.errors import SpecError
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.starting_over import StartOverError
from graphnet.solver.ranks.of_a_job import check_elastic, reporter_of_rank, shard_count, watched
from graphnet.solver.reporter import RankReporter
from graphnet.solver.spec import SolverSpec


class Job(LocalCommunicator):
    """A rank of a job."""

    def __init__(self, rank=0, *, is_elastic=False, is_launched=True):
        self.rank, self.is_elastic, self.is_launched = rank, is_elastic, is_launched
        self.is_watching = self.is_closed = False

    def start_watching(self):
        """Noted."""
        self.is_watching = True

    def close(self):
        """Noted."""
        self.is_closed = True


def net_of(communicator=None):
    shared = communicator and SimpleNamespace(
        communicator=communicator, shards=SimpleNamespace(count=8)
    )
    return SimpleNamespace(in_shards=shared)


def test_shards():
    """Those that are asked for, those of the net, or the default of a job."""
    assert shard_count(None, net_of(), Job()) == 4
    assert shard_count(None, net_of(), Job(is_launched=False)) == 1
    assert shard_count(2, net_of(), Job()) == 2
    assert shard_count(None, net_of(Job()), Job()) == 8
    with pytest.raises(SpecError, match="shards: 4, but the net was cut into 8"):
        shard_count(4, net_of(Job()), Job())


def test_who_speaks():
    """Rank 0; in an elastic job whoever is rank 0 now."""
    lines = Lines()
    assert reporter_of_rank(lines, net_of(), Job()) is lines
    assert isinstance(reporter_of_rank(lines, net_of(), Job(1)), RankReporter)
    now = Job(1, is_elastic=True)
    relay = reporter_of_rank(lines, net_of(now), Job(2, is_elastic=True))
    relay.line("not yet")
    now.rank = 0
    relay.line("I lead")
    assert lines.lines == ["I lead"]


def test_an_elastic_job_needs_a_folder():
    """Where one rank finds what another has recorded."""
    check_elastic(SolverSpec(max_iter=1), Job())
    check_elastic(SolverSpec(max_iter=1, exp_dir="run"), Job(is_elastic=True))
    with pytest.raises(SpecError, match="the solver has no exp_dir"):
        check_elastic(SolverSpec(max_iter=1), Job(is_elastic=True))


def test_watching():
    """It ends with the run, by the communicator of then; not for those who start over."""
    first, now = Job(), Job()
    with watched(net_of(now), first):
        assert first.is_watching
    assert now.is_closed
    assert not first.is_closed
    with pytest.raises(ValueError, match="mine"), watched(net_of(), first):
        raise ValueError("mine")
    assert first.is_closed
    other = Job()
    with pytest.raises(StartOverError, match="had begun"), watched(net_of(), other):
        raise StartOverError(first)
    assert not other.is_closed
