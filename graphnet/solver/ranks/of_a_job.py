"""What a run is in a job: how many shards it has, who speaks, and how it stops being watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graphnet.errors import SpecError
from graphnet.parallel.communicator import Communicator
from graphnet.parallel.shards import DEFAULT_SHARDS
from graphnet.parallel.starting_over import StartOverError
from graphnet.solver.reporter import RankReporter, RelayReporter, Reporter
from graphnet.solver.spec import SolverSpec
from graphnet.solver.trainable_net import TrainableNet


def shard_count(wanted: int | None, net: TrainableNet, communicator: Communicator) -> int:
    """The number of shards of a run.

    Raises:
        SpecError: If the net was cut into another number of them.
    """
    if net.in_shards is not None:
        count = net.in_shards.shards.count
        if wanted not in (None, count):
            raise SpecError(f"shards: {wanted}, but the net was cut into {count}")
        return count
    return wanted or (DEFAULT_SHARDS if communicator.is_launched else 1)


def check_elastic(spec: SolverSpec, communicator: Communicator) -> None:
    """See that one rank can take the place of another, where it may have to.

    Raises:
        SpecError: If it would not find what that one has recorded.
    """
    if communicator.is_elastic and spec.exp_dir is None:
        raise SpecError(
            "elastic: the solver has no exp_dir, in which a rank finds what the one before it has"
            " recorded\n  give it one, or train without elastic"
        )


def reporter_of_rank(reporter: Reporter, net: TrainableNet, communicator: Communicator) -> Reporter:
    """How a rank speaks: rank 0 by the reporter, the others as :class:`RankReporter` does."""
    if communicator.is_elastic:
        shared = net.in_shards  # whose communicator is another when ranks were lost
        return RelayReporter(
            reporter, lambda: (shared.communicator if shared else communicator).rank
        )
    return RankReporter(communicator.rank) if communicator.rank else reporter


@contextmanager
def watched(net: TrainableNet, communicator: Communicator) -> Iterator[None]:
    """Inside, the ranks watch each other; afterwards each may end when it likes.

    Args:
        net: The run's.
        communicator: The one it begins with.
    """
    communicator.start_watching()
    try:
        yield
    except StartOverError:
        raise  # those that are left go on watching
    except BaseException:
        _communicator(net, communicator).close()
        raise
    _communicator(net, communicator).close()


def _communicator(net: TrainableNet, first: Communicator) -> Communicator:
    """The one there is now; it is another than the first when ranks were lost."""
    return first if net.in_shards is None else net.in_shards.communicator
