"""Answers that are numbers: how far they are from what is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class NumberMeasures:
    """How far answers are from the truth.

    Attributes:
        mae: The mean of the absolute errors.
        rmse: The root of the mean of the squared errors.
        r2: 1 − squared errors / squared deviations of the truth, the mean over the columns; None
            where it is undefined: fewer than two rows.
        r2_of_columns: Of each column.
    """

    mae: float
    rmse: float
    r2: float | None
    r2_of_columns: list[float] | None


def measure_numbers(truth: np.ndarray, answers: np.ndarray) -> NumberMeasures:
    """Compare ``(n, D)`` numbers, in float64.

    A column that never changes has an R² of 1 if the answers are exact, else of 0. The error is
    squared and meant over all numbers; R² is that of each column, and then their mean.
    """
    truth, answers = truth.astype(np.float64), answers.astype(np.float64)
    errors = answers - truth
    if not errors.size:
        return NumberMeasures(0.0, 0.0, None, None)
    mae, rmse = float(np.abs(errors).mean()), float(np.sqrt(np.square(errors).mean()))
    if len(truth) < 2:  # noqa: PLR2004
        return NumberMeasures(mae, rmse, None, None)
    left = np.square(errors).sum(axis=0)
    spread = np.square(truth - truth.mean(axis=0)).sum(axis=0)
    constant = np.where(left == 0, 1.0, 0.0)
    found = np.where(spread > 0, 1 - left / np.where(spread > 0, spread, 1), constant)
    return NumberMeasures(mae, rmse, float(found.mean()), found.tolist())
