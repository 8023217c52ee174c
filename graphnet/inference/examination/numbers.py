"""An examination of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnet.inference.examination.examiner import Examiner, Kept, spread
from graphnet.metrics.numbers import measure_numbers

_MOST_SHOWN = 3


class NumberExaminer(Examiner):
    """MAE, RMSE and R².

    Args:
        restored: Turns the numbers that the net computes with into those that are stored.
        n_worst: How many of the worst rows are kept.
    """

    def __init__(self, restored: Callable[[np.ndarray], np.ndarray], n_worst: int) -> None:
        super().__init__(n_worst)
        self._restored = restored
        self._answers, self._labels, self._weights = Kept(), Kept(), Kept()

    def add(
        self,
        first: int,
        answers: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray | None = None,
    ) -> None:
        """Take a batch."""
        weight = spread(weights, labels.shape)
        answers = self._restored(answers.reshape(labels.shape)).reshape(len(answers), -1)
        labels = self._restored(labels).reshape(len(labels), -1)
        self._answers.add(answers)
        self._labels.add(labels)
        errors = answers.astype(np.float64) - labels
        if weight is None:
            costs = np.sqrt(np.square(errors).mean(axis=1))
        else:
            self._weights.add(weight)
            counts = weight > 0
            squares, n = np.square(np.where(counts, errors, 0)), counts.sum(axis=1)
            costs = np.where(n, np.sqrt(squares.sum(axis=1) / np.maximum(n, 1)), -np.inf)

        def detail(i: int) -> dict[str, Any]:
            shown = slice(_MOST_SHOWN)
            return {"label": labels[i, shown].tolist(), "answer": answers[i, shown].tolist()}

        self.worst.add(first, costs, detail)

    @property
    def kept(self) -> tuple[np.ndarray, np.ndarray] | None:
        """What is right and what was answered, ``(n, D)``; None if there were too many to keep.

        An answer without weight is NaN.
        """
        if not self._answers.is_whole:
            return None
        answers = self._answers.all()
        if self._weights.is_used:
            answers = np.where(self._weights.all() > 0, answers, np.nan)
        return self._labels.all(), answers

    def measures(self) -> dict[str, Any]:
        """What was found; nothing but the kind of answers where there are too many to keep."""
        if not self._answers.is_whole:
            return {"kind": "numbers"}
        weights = self._weights.all() if self._weights.is_used else None
        found = measure_numbers(self._labels.all(), self._answers.all(), weights)
        measures: dict[str, Any] = {
            "kind": "numbers",
            "mae": found.mae,
            "rmse": found.rmse,
            "r2": found.r2,
        }
        return measures | {"r2_of_columns": found.r2_of_columns}
