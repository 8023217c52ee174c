"""How far numbers are from what is right."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.metrics.numbers import NumberMeasures, measure_numbers


def test_measures():
    """By hand; in float64 whatever comes."""
    truth = np.array([[1, 10], [2, 10], [3, 10]], "f4")
    answers = np.array([[1, 10], [2, 11], [5, 10]], "f4")
    found = measure_numbers(truth, answers)
    assert found.mae == pytest.approx(3 / 6)
    assert found.rmse == pytest.approx((5 / 6) ** 0.5)
    assert found.r2_of_columns == [1 - 4 / 2, 0]
    assert found.r2 == -0.5
    assert measure_numbers(truth, truth).r2_of_columns == [1, 1]


def test_where_there_is_no_r2():
    """Of one row, and of none."""
    assert measure_numbers(np.ones((1, 2)), np.zeros((1, 2))) == NumberMeasures(1, 1, None, None)
    assert measure_numbers(np.empty((0, 2)), np.empty((0, 2))) == NumberMeasures(0, 0, None, None)


def test_weights():
    """Whole ones are rows again and again; what has none may be anything."""
    truth, answers = np.array([[1.0], [2], [3], [np.nan]]), np.array([[1.0], [4], [3], [7]])
    found = measure_numbers(truth, answers, np.array([[1], [2], [3], [0]]))
    kept = np.repeat([0, 1, 2], [1, 2, 3])
    expected = measure_numbers(truth[kept], answers[kept])
    assert (found.mae, found.rmse, found.r2) == pytest.approx(
        (expected.mae, expected.rmse, expected.r2)
    )
    one = measure_numbers(truth, answers, np.array([[0], [2], [0], [0]]))
    assert one == NumberMeasures(2, 2, None, None)
    assert measure_numbers(truth, answers, np.zeros((4, 1))) == NumberMeasures(0, 0, None, None)
