"""Who was taken for whom, by hand; test_against_scikit_learn.py compares with another library."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.metrics.classes import (
    Average,
    accuracy,
    best_classes,
    confusion_matrix,
    divided,
    macro,
    per_class,
    ranks,
    top_k,
    weighted,
)

LABELS, ANSWERS = np.array([0, 0, 0, 1, 1, 3]), np.array([0, 0, 1, 1, 0, 3])


def test_the_confusion_matrix():
    """What is right by row, the answer by column."""
    found = confusion_matrix(LABELS, ANSWERS, 4)
    assert found.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert accuracy(found) == 4 / 6
    assert accuracy(np.zeros((2, 2))) == 0


def test_rows_of_the_confusion_matrix_are_what_is_right():
    """And columns what was answered."""
    found = confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3)
    assert found.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_measures_of_classes_and_their_means():
    """A class that does not occur has no part in the mean."""
    found = per_class(confusion_matrix(LABELS, ANSWERS, 4))
    assert found.precision.tolist() == [2 / 3, 1 / 2, 0, 1]
    assert found.recall.tolist() == [2 / 3, 1 / 2, 0, 1]
    assert found.f1.tolist() == [2 / 3, 1 / 2, 0, 1]
    assert found.support.tolist() == [3, 2, 0, 1]
    assert found.occurs.tolist() == [True, True, False, True]
    mean = (2 / 3 + 1 / 2 + 1) / 3
    assert macro(found).f1 == pytest.approx(mean)
    assert weighted(found).recall == pytest.approx((3 * 2 / 3 + 2 / 2 + 1) / 6)
    empty = per_class(np.zeros((3, 3), int))
    assert macro(empty) == weighted(empty) == Average(0, 0, 0)


def test_ranks_are_those_of_the_accuracy_layer():
    """Of equal scores the smaller class comes first; a label of NaN is behind all."""
    scores = np.array([[1, 2, 2], [1, 2, 2], [np.nan, 1, 2], [np.nan, 1, 2]], float)
    labels = np.array([1, 2, 2, 0])
    assert ranks(scores, labels).tolist() == [0, 1, 1, 3]
    assert top_k(scores, labels, 1) == 1 / 4
    assert top_k(scores, labels, 2) == 3 / 4
    assert top_k(np.empty((0, 3)), np.empty(0, int), 1) == 0


def test_best_classes():
    """In order; ties by number."""
    scores = np.array([[0.1, 0.7, 0.7], [np.nan, 3, 4]])
    assert best_classes(scores, 2).tolist() == [[1, 2], [0, 2]]
    assert best_classes(scores, 9).shape == (2, 3)


def test_nothing_is_divided_by_0():
    """It is 0."""
    assert divided(np.array([1, 2]), np.array([0, 4])).tolist() == [0, 0.5]
