"""Shards: how the rows of a batch are cut, who computes which part, and how parts are added.

The sum of numbers that are rounded depends on the order in which they are added, so the order is
fixed by the number of shards alone: neighbours in pairs, then pairs of pairs (for 5 shards:
((0 + 1) + (2 + 3)) + 4). A rank owns consecutive shards; it adds what lies whole within its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from graphnet.errors import SpecError

#: Of a run under a launcher that is not told otherwise, so that it may go on with 1, 2 or 4 ranks.
DEFAULT_SHARDS = 4

#: The shards from the first on up to the second: a sum of neighbours.
Span: TypeAlias = tuple[int, int]


def halves(span: Span) -> tuple[Span, Span]:
    """The two spans whose sums a span's sum is; the first is the largest power of two there is."""
    first, end = span
    middle = first + (1 << ((end - first - 1).bit_length() - 1))
    return (first, middle), (middle, end)


@dataclass(frozen=True)
class Shards:
    """A batch in shards, shared out to ranks.

    Attributes:
        count: How many shards.
        batch_size: Rows of the whole batch.
        rank: Which rank this is.
        ranks: How many there are.
        is_uneven: Whether some ranks may have a shard more than others.

    Raises:
        SpecError: If there are more shards than rows, or the ranks cannot have equally many.
    """

    count: int
    batch_size: int
    rank: int = 0
    ranks: int = 1
    is_uneven: bool = False

    def __post_init__(self) -> None:
        if self.count > self.batch_size:
            raise SpecError(
                f"shards: {self.count} is more than the {self.batch_size} rows of a batch"
            )
        if self.is_uneven and self.ranks > self.count:
            raise SpecError(
                f"shards: {self.count} are too few for {self.ranks} ranks: each needs one\n"
                f"  start at most {self.count}, or, for a new run, give --shards {self.ranks}"
            )
        if self.count % self.ranks and not self.is_uneven:
            fitting = [n for n in range(1, self.count + 1) if self.count % n == 0]
            more = -(-self.count // self.ranks) * self.ranks
            raise SpecError(
                f"shards: {self.count} cannot be shared out equally to {self.ranks} ranks\n"
                f"  start as many ranks as divide it: {', '.join(map(str, fitting))}\n"
                f"  or, for a new run, give --shards {more}"
            )

    @property
    def all(self) -> Span:
        """The span of the whole batch."""
        return 0, self.count

    def own(self, rank: int | None = None) -> range:
        """The shards of a rank; by default of this one."""
        rank = self.rank if rank is None else rank
        return range(*(self.count * n // self.ranks for n in (rank, rank + 1)))

    def rows(self, shard: int) -> Span:
        """The rows of a shard, from the first on up to the second."""
        return (
            shard * self.batch_size // self.count,
            (shard + 1) * self.batch_size // self.count,
        )

    def size(self, shard: int) -> int:
        """How many rows it has."""
        first, end = self.rows(shard)
        return end - first

    def weight(self, shard: int) -> float:
        """What a mean over its rows counts in the mean over the batch."""
        return self.size(shard) / self.batch_size

    def spans(self, rank: int | None = None) -> list[Span]:
        """The sums that a rank can finish alone, as large as they can be."""
        own = self.own(rank)
        return list(self._within((0, self.count), own.start, own.stop))

    def _within(self, span: Span, start: int, stop: int) -> Iterator[Span]:
        first, end = span
        if start <= first and end <= stop:
            yield span
        elif first < stop and start < end:
            for half in halves(span):
                yield from self._within(half, start, stop)
