"""TreeSum: what all shards give, added in the order that `shards` fixes, on every rank.

A rank adds its own shards in place, with one scratch copy for each level of the tree. Then every
rank becomes the owner of one segment of the array: it is sent that segment of all ranks' sums,
finishes the tree for it, and sends the result to all. Of 4 shards on 2 ranks, with the segments
A and B:

    rank 0:  s0 + s1,  sends its B  ╲╱  adds  A01 + A23,  sends A  ╲╱  has A and B
    rank 1:  s2 + s3,  sends its A  ╱╲  adds  B01 + B23,  sends B  ╱╲  has A and B

A small array goes to every rank whole, and each finishes the tree for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from graphnet.backend.base import Backend
from graphnet.backend.calls import add_to, assign
from graphnet.blob import Array
from graphnet.parallel.communicator import Communicator, Parcel
from graphnet.parallel.shards import Shards, Span, halves

#: Up to so many elements are not cut into segments.
WHOLE_ELEMENTS = 1 << 12


class TreeSum:
    """Sums arrays over the shards of a batch.

    Args:
        backend: Where the arrays are; those that are NumPy's may be added to them.
        arrays: One-dimensional and contiguous. A shard's numbers are written to them, and the
            sums are found in them.
        shards: Whose.
        communicator: To the other ranks.
    """

    def __init__(
        self,
        backend: Backend,
        arrays: Sequence[Array],
        shards: Shards,
        communicator: Communicator,
    ) -> None:
        self._spans = shards.spans()
        depth = max(_depth(span) for span in self._spans)
        self._sums = [
            _ArraySum(backend, array, shards, communicator, depth) for array in arrays if array.size
        ]
        self._is_shared = shards.ranks > 1

    def __call__(self, give: Callable[[int], None]) -> None:
        """Add up.

        Args:
            give: Called with each own shard in order; writes what it gives to the arrays.
        """
        for i, span in enumerate(self._spans):
            self._add(span, give, 0)
            if len(self._spans) > 1:
                for one in self._sums:
                    one.set_aside(i)
        if self._is_shared:
            for one in self._sums:
                one.combine()

    def _add(self, span: Span, give: Callable[[int], None], level: int) -> None:
        """Have the arrays hold the sum of a span."""
        first, end = span
        if end - first == 1:
            give(first)
            return
        left, right = halves(span)
        self._add(left, give, level + 1)
        for one in self._sums:
            one.keep[level]()
        self._add(right, give, level + 1)
        for one in self._sums:
            one.add[level]()


def _depth(span: Span) -> int:
    first, end = span
    return 0 if end - first == 1 else 1 + max(map(_depth, halves(span)))


class _ArraySum:
    """The sum of one array: its scratch copies, and its way through the ranks."""

    def __init__(
        self,
        backend: Backend,
        array: Array,
        shards: Shards,
        communicator: Communicator,
        depth: int,
    ) -> None:
        self.array, self.backend, self.communicator = array, backend, communicator
        scratch = [_like(backend, array) for _ in range(depth)]
        self.keep = [backend.elementwise(assign, copy, array) for copy in scratch]
        self.add = [backend.elementwise(add_to, array, copy) for copy in scratch]
        if shards.ranks > 1:
            # where the ranks cannot reach a device's memory, the machine's stands in for it
            can_send = isinstance(array, np.ndarray) or communicator.takes_device
            self.sent = array if can_send else np.empty(array.shape, array.dtype)
            self._plan(shards)

    def _plan(self, shards: Shards) -> None:
        """Who sends what to whom, and what is added to what."""
        me, size, sent = shards.rank, self.array.size, self.sent
        others = [rank for rank in range(shards.ranks) if rank != me]
        whole = size <= WHOLE_ELEMENTS
        edges = [size * rank // shards.ranks for rank in range(shards.ranks + 1)]
        cuts = [slice(a, b) for a, b in pairwise(edges)]
        mine = slice(0, size) if whole else cuts[me]

        spans = shards.spans()
        self.sums = [sent] if len(spans) == 1 else [np.empty_like(sent) for _ in spans]
        held: dict[Span, Array] = {
            span: array[mine] for span, array in zip(spans, self.sums, strict=True)
        }
        self.to_owners, self.from_all = [], []
        for rank in others:
            self.to_owners += [Parcel(rank, s[mine if whole else cuts[rank]]) for s in self.sums]
            for span in shards.spans(rank):
                held[span] = np.empty_like(sent, shape=(mine.stop - mine.start,))
                self.from_all.append(Parcel(rank, held[span]))
        self.additions: list[tuple[Array, Array]] = []
        self.total = self._order(shards.all, held)
        self.target = sent[mine]
        self.to_all = [] if whole else [Parcel(rank, self.target) for rank in others]
        self.results = [] if whole else [Parcel(rank, sent[cuts[rank]]) for rank in others]

    def _order(self, span: Span, held: dict[Span, Array]) -> Array:
        """List the additions that lead to a span's sum, and say where it will be."""
        if span in held:
            return held[span]
        left, right = (self._order(half, held) for half in halves(span))
        self.additions.append((left, right))
        return left

    def set_aside(self, i: int) -> None:
        """Keep the i-th sum that this rank has finished."""
        self._download(self.sums[i])

    def _download(self, target: Array) -> None:
        if target is not self.array:
            is_host = isinstance(self.array, np.ndarray)
            moved = isinstance(target, np.ndarray) and not is_host
            target[...] = self.backend.download(self.array) if moved else self.array

    def combine(self) -> None:
        """From the ranks' sums to the whole one, on every rank."""
        if len(self.sums) == 1:
            self._download(self.sent)
        self.communicator.exchange(self.to_owners, self.from_all)
        for left, right in self.additions:
            np.add(left, right, out=left)
        if self.total is not self.target:
            self.target[...] = self.total
        if self.to_all:
            self.communicator.exchange(self.to_all, self.results)
        if self.sent is not self.array:
            self.backend.upload(self.sent, self.array)


def _like(backend: Backend, array: Array) -> Array:
    if isinstance(array, np.ndarray):
        return np.zeros_like(array)
    return backend.zeros(array.shape, array.dtype)
