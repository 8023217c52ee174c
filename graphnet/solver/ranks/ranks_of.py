"""ranks_of: what the loop asks of the ranks of a run, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from graphnet.solver.ranks.elastic_ranks import ElasticRanks
from graphnet.solver.ranks.one_rank import OneRank
from graphnet.solver.ranks.several_ranks import SeveralRanks
from graphnet.solver.run import Run
from graphnet.solver.signals import SignalWatch

#: They have the same methods; ElasticRanks has more.
Ranks: TypeAlias = OneRank | SeveralRanks


def ranks_of(run: Run, signals: SignalWatch, saved_iter: Callable[[], int | None]) -> Ranks:
    """The ranks of a run: this one alone, or those that share its net's batches.

    Args:
        run: This rank's.
        signals: What the system has told this process.
        saved_iter: Gives the iteration of the last snapshot.
    """
    shared = run.net.in_shards
    if shared is None or shared.communicator.size == 1:
        return OneRank(run, signals)
    if shared.communicator.is_elastic:
        return ElasticRanks(run, shared, signals, saved_iter)
    return SeveralRanks(run, shared, signals)
