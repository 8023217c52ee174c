"""Sizes of attention, and the tiles that its scores are cut into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from graphnet.backend.base import Backend

#: Queries of a tile: as many as make a product worth its call.
ROWS = 64


@dataclass(frozen=True)
class Sizes:
    """The sizes of an attention layer.

    Attributes:
        n: Samples.
        n_queries: Positions that look.
        n_keys: Positions that are looked at.
        n_heads: Heads.
        width: Features of a position, of all heads.
        is_cross: Whether keys are those of a second sequence.
        is_causal: Whether a query sees the keys up to its own position alone.
    """

    n: int
    n_queries: int
    n_keys: int
    n_heads: int
    width: int
    is_cross: bool
    is_causal: bool

    def tile(self, n: int, backend: Backend) -> ScoreTileSize:
        """How many samples, heads and queries are computed at once, in a strip of n samples.

        It depends on shapes and backend alone.
        """
        rows = min(self.n_queries, ROWS)
        scores = rows * self.n_keys
        heads = backend.parts_at_once(self.n_heads, scores)
        samples = backend.parts_at_once(n, self.n_heads * scores) if heads == self.n_heads else 1
        longest = max(rows, self.n_keys)
        return ScoreTileSize(
            samples,
            heads,
            rows,
            samples * heads * scores,
            samples * heads * longest * self.width // self.n_heads,
        )

    def tiles(self, n: int, backend: Backend) -> Iterator[ScoreTile]:
        """All tiles of a strip of n samples; those of one head and sample in turn."""
        size = self.tile(n, backend)
        for sample in range(0, n, size.samples):
            for head in range(0, self.n_heads, size.heads):
                for row in range(0, self.n_queries, size.rows):
                    stop = min(row + size.rows, self.n_queries)
                    yield ScoreTile(
                        slice(sample, min(sample + size.samples, n)),
                        slice(head, min(head + size.heads, self.n_heads)),
                        slice(row, stop),
                        slice(0, stop if self.is_causal else self.n_keys),
                    )


class ScoreTileSize(NamedTuple):
    """The most that is computed at once: samples, heads, queries; scores, features of them."""

    samples: int
    heads: int
    rows: int
    n_scores: int
    n_features: int


class ScoreTile(NamedTuple):
    """Some scores: those of these samples, heads, queries and keys."""

    samples: slice
    heads: slice
    queries: slice
    keys: slice

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Samples, heads, queries, keys."""
        n, h, q, k = (part.stop - part.start for part in self)
        return n, h, q, k
