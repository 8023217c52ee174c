"""Answers that are numbers: how far they are from what is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_TWO = 2  # rows that there must be for a spread


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


def measure_numbers(
    truth: np.ndarray, answers: np.ndarray, weights: np.ndarray | None = None
) -> NumberMeasures:
    """Compare ``(n, D)`` numbers, in float64.

    A column that never changes has an R² of 1 if the answers are exact, else of 0. The error is
    squared and meant over all numbers; R² is that of each column, and then their mean.

    Args:
        truth: What is right.
        answers: What was answered.
        weights: ``(n, D)``, what each number counts for; one without weight may be anything. None:
            1. There is no R² then where a column has not two numbers that count.
    """
    truth, answers = truth.astype(np.float64), answers.astype(np.float64)
    if weights is not None:
        return _weighed_numbers(truth, answers, weights.astype(np.float64))
    errors = answers - truth
    if not errors.size:
        return NumberMeasures(0.0, 0.0, None, None)
    mae, rmse = float(np.abs(errors).mean()), float(np.sqrt(np.square(errors).mean()))
    if len(truth) < _TWO:
        return NumberMeasures(mae, rmse, None, None)
    left = np.square(errors).sum(axis=0)
    found = _r2(left, np.square(truth - truth.mean(axis=0)).sum(axis=0))
    return NumberMeasures(mae, rmse, float(found.mean()), found.tolist())


def _weighed_numbers(truth: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> NumberMeasures:
    counts = weights > 0
    total, of_columns = weights.sum(), weights.sum(axis=0)
    if not total:
        return NumberMeasures(0.0, 0.0, None, None)
    truth, answers = np.where(counts, truth, 0), np.where(counts, answers, 0)
    errors = answers - truth
    mae = float((weights * np.abs(errors)).sum() / total)
    left = (weights * np.square(errors)).sum(axis=0)
    rmse = float(np.sqrt(left.sum() / total))
    if counts.sum(axis=0).min() < _TWO:
        return NumberMeasures(mae, rmse, None, None)
    means = (weights * truth).sum(axis=0) / of_columns
    found = _r2(left, (weights * np.square(truth - means)).sum(axis=0))
    return NumberMeasures(mae, rmse, float(found.mean()), found.tolist())


def _r2(left: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Of each column, by the squares of its errors and of its deviations."""
    constant = np.where(left == 0, 1.0, 0.0)
    return np.where(spread > 0, 1 - left / np.where(spread > 0, spread, 1), constant)
