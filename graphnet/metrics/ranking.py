"""The area under the ROC curve, by ranks."""

from __future__ import annotations

import numpy as np

#: There is no curve of fewer kinds of rows: those that are, and those that are not.
_KINDS = 2


def auc(scores: np.ndarray, is_positive: np.ndarray) -> float | None:
    """How often a positive row has a higher score than a negative one; ties count one half.

    It is the area under the ROC curve, by Mann and Whitney's statistic.

    Args:
        scores: ``(n,)``.
        is_positive: ``(n,)``, boolean.

    Returns:
        From 0 to 1; None where all rows are of one kind, or a score is NaN.
    """
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if not n_positive or not n_negative or np.isnan(scores).any():
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank = last - (counts - 1) / 2  # of equal scores, counted from 1
    total = mean_rank[place.reshape(-1)][is_positive].sum()
    return float((total - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def auc_of_classes(scores: np.ndarray, labels: np.ndarray) -> list[float | None]:
    """The area of each class against all others.

    Args:
        scores: ``(n, C)``.
        labels: ``(n,)``, from 0.
    """
    return [auc(scores[:, c], labels == c) for c in range(scores.shape[1])]


def mean_auc(areas: list[float | None]) -> float | None:
    """The mean of those that are there, of two that of the second; None if there is none."""
    found = [area for area in areas if area is not None]
    if len(areas) == _KINDS and len(found) == _KINDS:
        return found[1]  # both are the same but for rounding, if scores add up to 1
    return float(np.mean(found)) if found else None
