"""Several yes-or-no labels a row."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.metrics.tags import measure_tags

LABELS = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0]], bool)
ANSWERS = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 1]], bool)
ALL = np.ones((3, 3), bool)


def test_measures():
    """Of each tag, of all elements, of whole rows."""
    found = measure_tags(LABELS, ANSWERS, ALL)
    assert found.per_tag.precision.tolist() == [1, 1, 2 / 3]
    assert found.per_tag.recall.tolist() == [1, 1 / 2, 1]
    assert found.per_tag.support.tolist() == [2, 2, 2]
    assert found.micro.precision == found.micro.recall == found.micro.f1 == 5 / 6
    assert found.macro.recall == pytest.approx(5 / 6)
    assert (found.exact, found.hamming) == (1 / 3, 2 / 9)


def test_what_does_not_count():
    """Ignored elements are neither right nor wrong; a row without others is no row."""
    counts = ALL.copy()
    counts[1] = False
    counts[2, 2] = False
    found = measure_tags(LABELS, ANSWERS, counts)
    assert (found.exact, found.hamming, found.micro.f1) == (1, 0, 1)
    nothing = measure_tags(LABELS, ANSWERS, ~ALL)
    assert (nothing.exact, nothing.hamming, nothing.micro.f1) == (0, 0, 0)


def test_weights():
    """Whole ones are rows again and again."""
    weights = np.array([[1, 1, 1], [3, 3, 3], [2, 2, 2]])
    again = np.repeat(LABELS, weights[:, 0], axis=0), np.repeat(ANSWERS, weights[:, 0], axis=0)
    found, expected = measure_tags(LABELS, ANSWERS, weights), measure_tags(*again, np.ones((6, 3)))
    assert found.per_tag.support.tolist() == expected.per_tag.support.tolist()
    assert found.per_tag.f1.tolist() == expected.per_tag.f1.tolist()
    assert (found.exact, found.hamming) == pytest.approx((expected.exact, expected.hamming))
