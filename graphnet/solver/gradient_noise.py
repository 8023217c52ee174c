"""NoiseSums: squared lengths of the gradients of batches, and of their means, over updates."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from graphnet.backend.base import Backend
from graphnet.backend.measures import Number
from graphnet.blob import Array


class NoiseSums:
    """Sums over updates, where these take the mean gradient of several batches.

    The lengths stay where they are computed until somebody asks.

    Attributes:
        are_wanted: Whether anything is added up.

    Args:
        backend: Of the gradients.
        iter_size: How many batches an update has.
    """

    def __init__(self, backend: Backend, iter_size: int) -> None:
        self.are_wanted = False
        self._backend, self._n = backend, iter_size
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._of_batches: Number = 0.0
        self._of_means: Number = 0.0
        self._updates = 0

    def add_batch(self, gradient: Array) -> None:
        """Take in the gradient of a batch."""
        if self.are_wanted:
            self._of_batches = self._of_batches + self._backend.square_sum(gradient) / self._n

    def add_sum(self, total: Array) -> None:
        """Take in the sum of an update's gradients; the update is complete."""
        if self.are_wanted:
            square = self._backend.square_sum(total) / self._n**2
            self._of_means, self._updates = self._of_means + square, self._updates + 1

    def estimates(self, batch_size: int) -> tuple[float, float] | None:
        """|G|² and tr Σ of the samples' gradients; None before the first update.

        G is the true gradient, Σ the covariance of that of one sample. Both are without bias, so
        that |G|² of few updates may come out below 0.
        """
        if not self._updates:
            return None
        small, large = float(self._of_batches), float(self._of_means)
        small, large, n = small / self._updates, large / self._updates, self._n
        return (n * large - small) / (n - 1), (small - large) * batch_size * n / (n - 1)

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
