"""The terms of the layer contract: kinds of layers, how many blobs they take, what they read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from graphnet.backend.calls import Call
from graphnet.blob import Array


class Kind(Enum):
    """What a layer is for; decides what the net does with it."""

    DATA = "data"  # no bottoms
    COMPUTE = "compute"  # bottoms to tops
    LOSS = "loss"  # a term of the objective, no tops
    STATISTIC = "statistic"  # counts, no tops, no backward
    OUTPUT = "output"  # no tops, a side effect


@dataclass(frozen=True)
class Arity:
    """How many bottoms or tops a layer takes: ``least`` to ``most``; None means any number."""

    least: int
    most: int | None

    def __contains__(self, n: int) -> bool:
        return self.least <= n and (self.most is None or n <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"{self.least} or more"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


def exactly(n: int) -> Arity:
    """An arity of just ``n``."""
    return Arity(n, n)


def at_least(n: int) -> Arity:
    """An arity of ``n`` or more."""
    return Arity(n, None)


@dataclass(frozen=True)
class Reads:
    """Whose data a layer's backward reads, by index; the rest may be overwritten before it.

    Attributes:
        bottoms: Those bottoms. Default: none.
        tops: Those tops. Default: none.
    """

    bottoms: tuple[int, ...] = ()
    tops: tuple[int, ...] = ()


class PassStage(NamedTuple):
    """A part of a pass after which the shards of a batch meet.

    Attributes:
        call: Does this shard's part.
        shared: Replaced afterwards by its mean over all shards, weighted by their rows: an
            array of one axis, C-contiguous. None where nothing is shared.
    """

    call: Call
    shared: Array | None = None
