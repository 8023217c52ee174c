"""The order in which samples are delivered, as a function of the epoch.

A source is cut into chunks. In every epoch the chunks are permuted and taken in groups of a
few; the rows of a group, which fits in memory, are permuted among themselves:

    source    [ 0 1 2 | 3 4 5 | 6 7 8 | 9 10 11 ]    four chunks, two to a group
    groups    [ 0 1 2   9 10 11 ] [ 3 4 5   6 7 8 ]
    epoch       10 0 9 2 11 1       7 4 3 8 6 5

Each permutation is drawn from a counter-based generator, so the row at any position of any epoch
can be named without replaying what came before. Where one group holds everything, this is a
uniformly random permutation.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from graphnet.sealed import Sealed

_BLOCK = 4096  # random words drawn at a time: all the memory a permutation takes beside its own


def permute(out: np.ndarray, key: int, *counter: int) -> None:
    """Write a random permutation of ``0 … len(out) - 1`` to ``out``, in place.

    Indices are sorted by random 64-bit words whose low bits are replaced by the index itself.
    Only the raw words of Philox4x64-10 are used, so that the result is the same for every
    version of NumPy.

    Args:
        out: One-dimensional, int64, contiguous; at most 2³² long.
        key: 128 bits.
        counter: Up to three words that tell permutations of one key apart.
    """
    n = len(out)
    words = out.view(np.uint64)
    index_bits = np.uint64(max(1, (n - 1).bit_length()))
    padded = (*counter, 0, 0, 0)[:3]
    bits = np.random.Philox(key=key, counter=np.array((0, *padded), np.uint64))
    for start in range(0, n, _BLOCK):
        block = words[start : start + _BLOCK]
        block[:] = bits.random_raw(len(block))
        block >>= index_bits
        block <<= index_bits
        block |= np.arange(start, start + len(block), dtype=np.uint64)
    words.sort()
    words &= (np.uint64(1) << index_bits) - np.uint64(1)


class Order(Sealed):
    """Which row stands at which position of an epoch.

    Attributes:
        n_rows: Of the source.
        n_groups: In an epoch.
        most_rows: The most rows that a group can have.

    Args:
        sizes: How many rows each chunk has, in the order of the source.
        per_group: How many chunks are in memory together.
        key: Of the shuffle; None delivers the rows as they lie.
    """

    def __init__(self, sizes: np.ndarray, per_group: int, key: int | None) -> None:
        self.sizes = np.asarray(sizes, np.int64)
        self._starts = np.concatenate(([0], np.cumsum(self.sizes)))
        self.n_rows = int(self._starts[-1])
        self.per_group = per_group
        self.n_groups = -(-len(self.sizes) // per_group)
        self.most_rows = int(np.sort(self.sizes)[-per_group:].sum())
        self.key = key
        self._chunk_order = lru_cache(maxsize=2)(self._permuted_chunks)

    def _permuted_chunks(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The chunks of an epoch in order, and the position at which each group begins."""
        order = np.arange(len(self.sizes))
        if self.key is not None and self.n_groups > 1:
            permute(order, self.key, epoch, 0)
        ends = np.cumsum(self.sizes[order])
        return order, np.concatenate(
            ([0], ends[self.per_group - 1 :: self.per_group], [self.n_rows])
        )

    def span(self, chunk: int) -> tuple[int, int]:
        """The first row of a chunk, and the first behind it."""
        return int(self._starts[chunk]), int(self._starts[chunk + 1])

    def locate(self, epoch: int, position: int) -> tuple[int, int]:
        """The group that holds a position of an epoch, and the position within the group."""
        if self.n_groups == 1:
            return 0, position
        begins = self._chunk_order(epoch)[1]
        group = int(np.searchsorted(begins[: self.n_groups], position, side="right")) - 1
        return group, position - int(begins[group])

    def chunks(self, epoch: int, group: int) -> np.ndarray:
        """The chunks of a group, in the order of the source (the order in which to read them)."""
        order = self._chunk_order(epoch)[0]
        return np.sort(order[group * self.per_group : (group + 1) * self.per_group])

    def arrange(self, epoch: int, group: int, out: np.ndarray) -> None:
        """Write the order in which a group's rows, numbered as they are read, are delivered."""
        if self.key is None:
            out.fill(1)
            out[:1] = 0
            np.cumsum(out, out=out)
        else:
            permute(out, self.key, epoch, 1 + group)

    def rows(self, epoch: int) -> np.ndarray:
        """The row of the source at each position of an epoch."""
        found = [np.empty(0, np.int64)]
        for group in range(self.n_groups):
            chunks = self.chunks(epoch, group)
            read = np.concatenate([np.arange(*self.span(chunk)) for chunk in chunks])
            indices = np.empty(len(read), np.int64)
            self.arrange(epoch, group, indices)
            found.append(read[indices])
        return np.concatenate(found)
