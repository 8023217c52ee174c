"""The area under the ROC curve."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.metrics.ranking import auc, auc_of_classes, mean_auc


def by_pairs(scores, is_positive):
    """How often a positive row is ahead of a negative one: every pair compared."""
    wins = [
        1.0 if p > n else 0.5 if p == n else 0.0
        for p in scores[is_positive]
        for n in scores[~is_positive]
    ]
    return np.mean(wins)


@pytest.mark.parametrize("seed", range(5))
def test_it_counts_pairs(seed):
    """Ties count one half."""
    rng = np.random.default_rng(seed)
    scores, is_positive = rng.integers(0, 6, 40).astype(float), rng.random(40) < 0.3
    assert auc(scores, is_positive) == pytest.approx(by_pairs(scores, is_positive))


def test_where_there_is_none():
    """All rows of one kind, or a score that is no number."""
    assert auc(np.arange(3.0), np.ones(3, bool)) is None
    assert auc(np.arange(3.0), np.zeros(3, bool)) is None
    assert auc(np.array([1, np.nan]), np.array([True, False])) is None


def test_of_classes():
    """Each against all others; the mean is of those that have one, of two classes one area."""
    scores = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.6, 0.4, 0]])
    areas = auc_of_classes(scores, np.array([0, 1, 1]))
    assert areas == [1.0, 1.0, None]
    assert mean_auc([1.0, 0.5, None]) == 0.75
    assert mean_auc([0.7, 0.6]) == 0.6
    assert mean_auc([None, None]) is None


@pytest.mark.parametrize("seed", range(3))
def test_whole_weights_are_rows_again_and_again(seed):
    """A row of weight 3 counts as three."""
    rng = np.random.default_rng(seed)
    scores, is_positive = rng.integers(0, 6, 30).astype(float), rng.random(30) < 0.4
    weights = rng.integers(1, 4, 30)
    again = np.repeat(scores, weights), np.repeat(is_positive, weights)
    assert auc(scores, is_positive, weights) == pytest.approx(auc(*again))
    assert auc(scores, np.ones(30, bool), weights) is None
