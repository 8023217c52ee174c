"""The rows that a net is most wrong about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class WorstRow:
    """A row, and how wrong the answer is.

    Attributes:
        row: Its number among all that were tested.
        cost: The larger, the worse; infinite where the answer is no number.
        detail: What is right and what was answered.
    """

    row: int
    cost: float
    detail: Mapping[str, Any]


class WorstRows:
    """Keeps the rows of the largest costs; of equal ones the first.

    Args:
        k: How many.
    """

    def __init__(self, k: int) -> None:
        self._k = k
        self._kept: list[WorstRow] = []

    def add(
        self, first: int, costs: np.ndarray, detail: Callable[[int], Mapping[str, Any]]
    ) -> None:
        """Take some rows.

        Args:
            first: The number of the first.
            costs: ``(n,)``.
            detail: Of one of them, by its place among them; asked for those that are kept.
        """
        costs = np.where(np.isnan(costs), np.inf, costs)
        best = np.argsort(-costs, kind="stable")[: self._k].tolist()
        if len(self._kept) == self._k:
            best = [i for i in best if costs[i] > self._kept[-1].cost]
        self._kept += [WorstRow(first + i, float(costs[i]), detail(i)) for i in best]
        self._kept.sort(key=lambda one: (-one.cost, one.row))
        del self._kept[self._k :]

    @property
    def rows(self) -> list[WorstRow]:
        """The worst first."""
        return list(self._kept)
