"""Answers that are one of several classes: who was taken for whom.

A class that no row has and no answer names takes no part in a mean over the classes; where nothing
can be divided (no row of a class, no answer of it) a measure is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PerClass:
    """A number for each class, ``(C,)``.

    Attributes:
        precision: How many of the rows that were taken for the class are of it.
        recall: How many of its rows were taken for it.
        f1: The harmonic mean of both: ``2 · right / (rows + taken)``.
        support: How many rows it has.
        occurs: Whether it has rows or was answered.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray
    occurs: np.ndarray


@dataclass(frozen=True)
class Average:
    """Precision, recall and F1 over the classes."""

    precision: float
    recall: float
    f1: float


def confusion_matrix(
    labels: np.ndarray, answers: np.ndarray, n_classes: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """How many rows of each class were taken for each.

    Args:
        labels: ``(n,)``, from 0.
        answers: ``(n,)``, likewise.
        n_classes: How many there are.
        weights: ``(n,)``, what each row counts for; None: 1.

    Returns:
        ``(n_classes, n_classes)``, the row being what is right, the column the answer.
    """
    pairs = labels.astype(np.int64) * n_classes + answers.astype(np.int64)
    counts = np.bincount(pairs, weights, minlength=n_classes * n_classes)
    return counts.reshape(n_classes, n_classes)


def per_class(confusion: np.ndarray) -> PerClass:
    """Precision, recall and F1 of each class."""
    right = confusion.diagonal().astype(np.float64)
    support, taken = confusion.sum(axis=1), confusion.sum(axis=0)
    return PerClass(
        divided(right, taken),
        divided(right, support),
        divided(2 * right, support + taken),
        support,
        (support + taken) > 0,
    )


def macro(found: PerClass) -> Average:
    """The mean over the classes that occur, each counted alike."""
    weights = found.occurs.astype(np.float64)
    return _averaged(found, weights)


def weighted(found: PerClass) -> Average:
    """The mean over the classes, each counted by its rows."""
    return _averaged(found, found.support.astype(np.float64))


def _averaged(found: PerClass, weights: np.ndarray) -> Average:
    total = weights.sum()
    if not total:
        return Average(0.0, 0.0, 0.0)
    means = (float(x @ weights / total) for x in (found.precision, found.recall, found.f1))
    return Average(*means)


def accuracy(confusion: np.ndarray) -> float:
    """The part of all rows that is right; 0 where there are none."""
    n = confusion.sum()
    return float(confusion.diagonal().sum() / n) if n else 0.0


def ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes rank before that of the label, ``(n,)``.

    Of equal scores the class with the smaller number ranks first; a NaN ranks before every number.

    Args:
        scores: ``(n, C)``.
        labels: ``(n,)``, from 0.
    """
    own = np.take_along_axis(scores, labels.astype(np.int64)[:, None], axis=1)
    is_before = np.arange(scores.shape[1]) < labels[:, None]
    better = ~(scores <= own) | (is_before & ~(scores < own))
    found: np.ndarray = better.sum(axis=1)
    return found


def top_k(scores: np.ndarray, labels: np.ndarray, k: int) -> float:
    """The part of the rows whose label has one of the ``k`` largest scores; 0 of no rows."""
    found = ranks(scores, labels)
    return float(np.mean(found < k)) if len(found) else 0.0


def best_classes(scores: np.ndarray, k: int) -> np.ndarray:
    """The classes of the ``k`` largest scores of each row, the largest first, ``(n, k)``.

    Of equal scores the class with the smaller number comes first; a NaN comes before every number.
    """
    order = np.where(np.isnan(scores), -np.inf, -scores)
    return np.argsort(order, axis=1, kind="stable")[:, :k]


def divided(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``a / b``, and 0 where b is 0."""
    found: np.ndarray = np.divide(a, b, out=np.zeros(len(a)), where=b > 0)
    return found
