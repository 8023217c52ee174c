"""Splitting samples into a training and a test set that have the classes in equal proportion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def share_of_each(groups: Sequence[np.ndarray], n_test: int) -> np.ndarray:
    """Which samples are for testing: of each group its share, by the largest remainders.

    Args:
        groups: The numbers of the samples of each class, well mixed; every sample is in one. Of
            equal remainders the group that comes first is served first.
        n_test: How many there are to be.

    Returns:
        ``(n,)`` bool.
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
    """The samples of each class, in the order of ``mixed``; so are the classes, by their first."""
    order = np.argsort(label[mixed], kind="stable")
    found = label[mixed][order]
    starts = np.flatnonzero(np.concatenate(([True], found[1:] != found[:-1])))
    groups = np.split(order, starts[1:])
    return [mixed[group] for group in sorted(groups, key=lambda group: int(group[0]))]
