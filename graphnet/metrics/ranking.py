"""The area under the ROC curve, by ranks."""

from __future__ import annotations

import numpy as np

#: There is no curve of fewer kinds of rows: those that are, and those that are not.
_KINDS = 2


def auc(
    scores: np.ndarray, is_positive: np.ndarray, weights: np.ndarray | None = None
) -> float | None:
    """How often a positive row has a higher score than a negative one; ties count one half.

    It is the area under the ROC curve, by Mann and Whitney's statistic.

    Args:
        scores: ``(n,)``.
        is_positive: ``(n,)``, boolean.
        weights: ``(n,)``, above 0: a pair of rows counts for the product of theirs. None: 1.

    Returns:
        From 0 to 1; None where all rows are of one kind, or a score is NaN.
    """
    if weights is not None:
        return _weighted_auc(scores, is_positive, weights)
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if not n_positive or not n_negative or np.isnan(scores).any():
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank = last - (counts - 1) / 2  # of equal scores, counted from 1
    total = mean_rank[place.reshape(-1)][is_positive].sum()
    return float((total - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _weighted_auc(scores: np.ndarray, is_positive: np.ndarray, weights: np.ndarray) -> float | None:
    weights = weights.astype(np.float64)
    n_positive, n_negative = weights[is_positive].sum(), weights[~is_positive].sum()
    if not n_positive or not n_negative or np.isnan(scores).any():
        return None
    values, place = np.unique(scores, return_inverse=True)
    place = place.reshape(-1)
    positive, negative = (
        np.bincount(place[chosen], weights[chosen], minlength=len(values))
        for chosen in (is_positive, ~is_positive)
    )
    behind = np.cumsum(negative) - negative / 2  # of equal scores one half
    return float(positive @ behind / (n_positive * n_negative))


def auc_of_classes(
    scores: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> list[float | None]:
    """The area of each class against all others.

    Args:
        scores: ``(n, C)``.
        labels: ``(n,)``, from 0.
        weights: ``(n,)``, above 0; None: 1.
    """
    return [auc(scores[:, c], labels == c, weights) for c in range(scores.shape[1])]


def mean_auc(areas: list[float | None]) -> float | None:
    """The mean of those that are there, of two that of the second; None if there is none."""
    found = [area for area in areas if area is not None]
    if len(areas) == _KINDS and len(found) == _KINDS:
        return found[1]  # both are the same except for rounding, if scores add up to 1
    return float(np.mean(found)) if found else None
