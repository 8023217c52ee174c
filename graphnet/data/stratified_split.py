"""Splitting rows into a training and a test set that have the classes in equal proportion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def share_of_each(groups: Sequence[np.ndarray], n_test: int) -> np.ndarray:
    """Which rows are for testing, ``(n,)`` bool: of each group its share, by largest remainders.

    Args:
        groups: The rows of each class, well mixed; every row is in one. Of groups with equal
            remainders the first gets one more.
        n_test: How many rows are for testing.
    """
    sizes = np.array([len(group) for group in groups])
    shares = sizes * n_test / sizes.sum()
    counts = np.floor(shares).astype(np.int64)
    short = n_test - counts.sum()
    counts[np.argsort(counts - shares, kind="stable")[:short]] += 1
    is_test = np.zeros(sizes.sum(), bool)
    for group, count in zip(groups, counts, strict=True):
        is_test[group[:count]] = True
    return is_test


def by_class(label: np.ndarray, mixed: np.ndarray) -> list[np.ndarray]:
    """The rows of each class in the order of ``mixed``, and the classes in that of their first."""
    order = np.argsort(label[mixed], kind="stable")
    found = label[mixed][order]
    starts = np.flatnonzero(np.concatenate(([True], found[1:] != found[:-1])))
    groups = np.split(order, starts[1:])
    return [mixed[group] for group in sorted(groups, key=lambda group: int(group[0]))]
