"""Every run is looked after: a DivergenceGuard stands before the breaks that have no guard."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.solver.coffee.base import CoffeeBreak, Every
from graphnet.solver.coffee.divergence_guard import DivergenceGuard
from graphnet.solver.coffee.schedule import Entry
from graphnet.solver.coffee.spike_guard import SpikeGuard

_WHEN = Every(100, "iter")


def has(entries: Sequence[Entry], *kinds: type[CoffeeBreak]) -> bool:
    """Whether one of the breaks is of one of these kinds."""
    return any(isinstance(entry.coffee_break, kinds) for entry in entries)


def guarded(entries: Sequence[Entry]) -> list[Entry]:
    """The breaks, and a guard in front of them if there is none."""
    if has(entries, DivergenceGuard, SpikeGuard):
        return list(entries)
    return [Entry("DivergenceGuard", DivergenceGuard(), (_WHEN,)), *entries]
