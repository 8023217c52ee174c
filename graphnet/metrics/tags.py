"""Answers of several yes-or-no labels a row, the tags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphnet.metrics.classes import Average, PerClass, divided, macro


@dataclass(frozen=True)
class TagMeasures:
    """How good the answers are.

    Attributes:
        per_tag: Precision, recall and F1 of each tag.
        macro: Their mean, each tag counted alike.
        micro: The same of all elements together.
        exact: The part of the rows all of whose tags are right.
        hamming: The part of the elements that are wrong.
    """

    per_tag: PerClass
    macro: Average
    micro: Average
    exact: float
    hamming: float


def measure_tags(labels: np.ndarray, answers: np.ndarray, counts: np.ndarray) -> TagMeasures:
    """Compare the tags of ``n`` rows, ``(n, T)`` each and boolean.

    Args:
        labels: Which are right.
        answers: Which were answered.
        counts: Which elements count, or what each counts for; a row of which none counts is not
            counted as exact, and one of which some do by the mean of theirs.
    """
    right = (labels & answers).astype(counts.dtype) * counts
    right = right.sum(axis=0).astype(np.float64)
    support, taken = (labels * counts).sum(axis=0), (answers * counts).sum(axis=0)
    found = PerClass(
        divided(right, taken),
        divided(right, support),
        divided(2 * right, support + taken),
        support,
        np.ones(labels.shape[1], bool),
    )
    n_right, n_support, n_taken = (np.atleast_1d(x.sum()) for x in (right, support, taken))
    whole = (
        divided(n_right, n_taken),
        divided(n_right, n_support),
        divided(2 * n_right, n_support + n_taken),
    )
    wrong = (labels != answers) * counts
    is_counted = counts > 0
    of_rows = counts.sum(axis=1) / np.maximum(is_counted.sum(axis=1), 1)
    exact = of_rows[~wrong.any(axis=1)].sum()
    return TagMeasures(
        found,
        macro(found),
        Average(*(float(x[0]) for x in whole)),
        float(exact / of_rows.sum()) if is_counted.any() else 0.0,
        float(wrong.sum() / counts.sum()) if is_counted.any() else 0.0,
    )
