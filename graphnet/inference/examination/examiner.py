"""What holds answers against what is right."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from graphnet.blob import Shape
from graphnet.inference.examination.worst import WorstRows

#: The most numbers that are kept for measures that need all of them at once: 128 MiB.
MOST_KEPT = 1 << 25


class Examiner(ABC):
    """Takes answers batch after batch.

    Attributes:
        worst: The rows that are most wrong.

    Args:
        n_worst: How many of these are kept.
    """

    def __init__(self, n_worst: int) -> None:
        self.worst = WorstRows(n_worst)

    @abstractmethod
    def add(
        self,
        first: int,
        answers: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray | None = None,
    ) -> None:
        """Take a batch.

        Args:
            first: The number of its first row.
            answers: ``(n, …)``, as the net gives them.
            labels: ``(n, …)``, what is right.
            weights: ``(n, …)``, what each row counts for, or each place on the first axes of what
                is judged; None: all alike. Either all batches have them, or none.
        """

    @abstractmethod
    def measures(self) -> dict[str, Any]:
        """What was found, as JSON can hold it: a number that does not exist is None."""


def spread(weights: np.ndarray | None, shape: Shape) -> np.ndarray | None:
    """Weights of rows, or of places on the first axes, as ``(n, …)``: one for all that is judged.

    Args:
        weights: As a batch has them; None stays None.
        shape: ``(n, …)`` of what is judged one by one.
    """
    if weights is None:
        return None
    beside = weights.astype(np.float64).reshape(weights.shape + (1,) * (len(shape) - weights.ndim))
    return np.broadcast_to(beside, shape).reshape(shape[0], -1)


def amounts(weights: np.ndarray) -> np.ndarray:
    """Sums of weights; as whole numbers where they are: weights of 0 and 1 count rows."""
    whole = weights.astype(np.int64)
    return whole if np.array_equal(whole, weights) else weights


class Kept:
    """Rows that are kept until the end, as long as they are not too many.

    Attributes:
        is_whole: Whether none was left out.
    """

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._n = 0
        self.is_whole = True

    def add(self, rows: np.ndarray) -> None:
        """Keep a copy of them."""
        self._n += rows.size
        self.is_whole &= self._n <= MOST_KEPT
        if self.is_whole:
            self._parts.append(rows.copy())
        else:
            self._parts.clear()

    @property
    def is_used(self) -> bool:
        """Whether any were given."""
        return self._n > 0

    def all(self) -> np.ndarray:
        """All of them; there must be some."""
        return np.concatenate(self._parts)
