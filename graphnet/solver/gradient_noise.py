"""NoiseSums: squared lengths of the gradients of parts of an update, and of their mean.

The parts are the batches of an update, the shards of a batch, or the shards of all of them. Of P
parts of an update of B samples, g being the gradient of one part of n samples and m that of all::

    small = E Σ n/B · |g|² = |G|² + P · tr Σ / B
    large = E |m|²         = |G|² + tr Σ / B

so that parts may differ in size.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from graphnet.backend.base import Backend
from graphnet.backend.measures import Number
from graphnet.blob import Array
from graphnet.solver.trainable_net import SharedNet


class NoiseSums:
    """Sums over updates, where these take the mean gradient of several parts.

    The lengths stay where they are computed until somebody asks.

    Attributes:
        are_wanted: Whether anything is added up.

    Args:
        backend: Of the gradients.
        iter_size: How many batches an update has.
        in_shards: The net whose batches are cut into shards; None where they are not.
    """

    def __init__(
        self, backend: Backend, iter_size: int, in_shards: SharedNet | None = None
    ) -> None:
        self.are_wanted = False
        self._backend, self._iter_size, self._in_shards = backend, iter_size, in_shards
        self._n = iter_size * (in_shards.shards.count if in_shards is not None else 1)
        self._small: Number = 0.0
        self._large: Number | None = None
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._of_batches: Number = 0.0
        self._of_means: Number = 0.0
        self._updates = 0

    def add_batch(self, gradient: Array) -> None:
        """Take in the gradient of a batch, or what its shards have measured of theirs."""
        if not self.are_wanted:
            return
        if self._in_shards is not None:
            square: Number = self._in_shards.shard_square
        else:
            square = self._backend.square_sum(gradient)
        self._small = self._small + square / self._iter_size

    def add_sum(self, total: Array) -> None:
        """Take in the sum of an update's gradients; it counts once the update is made."""
        if self.are_wanted:
            self._large = self._backend.square_sum(total) / self._iter_size**2

    def end(self, *, is_made: bool) -> None:
        """An update ends: it counts if it ``is_made``; one that is skipped leaves nothing."""
        if is_made and self._large is not None:
            self._of_batches = self._of_batches + self._small
            self._of_means, self._updates = self._of_means + self._large, self._updates + 1
        self._small, self._large = 0.0, None

    def estimates(self, batch_size: int) -> tuple[float, float] | None:
        """|G|² and tr Σ of the samples' gradients; None before the first update.

        G is the true gradient, Σ the covariance of that of one sample. Both are without bias, so
        that |G|² of few updates may come out below 0.
        """
        if not self._updates:
            return None
        small, large = float(self._of_batches), float(self._of_means)
        small, large, n = small / self._updates, large / self._updates, self._n
        samples = batch_size * self._iter_size
        return (n * large - small) / (n - 1), (small - large) * samples / (n - 1)

    def length(self) -> float:
        """The root mean square of the length of an update's gradient."""
        return sqrt(float(self._of_means) / max(1, self._updates))

    def state_dict(self) -> dict[str, float]:
        """What a snapshot keeps of it."""
        sums = {"of_batches": float(self._of_batches), "of_means": float(self._of_means)}
        return {**sums, "updates": self._updates}

    def load_state_dict(self, saved: Mapping[str, float]) -> None:
        """Go on from what :meth:`state_dict` gave."""
        self._of_batches, self._of_means = saved["of_batches"], saved["of_means"]
        self._updates = int(saved["updates"])
