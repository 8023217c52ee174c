"""An examination of numbers."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.inference.examination import examiner
from graphnet.inference.examination.numbers import NumberExaminer


def test_what_is_found(monkeypatch):
    """In the numbers that are stored, not those that the net computes with."""
    found = NumberExaminer(lambda values: values * 10, 1)
    answers, labels = np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 2.0, 3.0])
    found.add(0, answers[:2], labels[:2])
    found.add(2, answers[2:], labels[2:])
    measures = found.measures()
    assert measures["mae"] == pytest.approx(10 / 3)
    assert measures["rmse"] == pytest.approx((100 / 3) ** 0.5)
    assert measures["r2"] == pytest.approx(0.5)
    (worst,) = found.worst.rows
    assert (worst.row, worst.detail) == (2, {"label": [30.0], "answer": [40.0]})
    monkeypatch.setattr(examiner, "MOST_KEPT", 1)
    found.add(3, answers, labels)
    assert found.measures() == {"kind": "numbers"}


def test_weights():
    """What has none is nowhere, and no point of a picture."""
    found = NumberExaminer(lambda values: values, 3)
    answers, labels = np.array([[1.0], [2.0], [4.0], [9.0]]), np.array([1.0, np.nan, 3.0, 5.0])
    found.add(0, answers, labels, np.array([1, 0, 1, 0.5], "f4"))
    measures = found.measures()
    assert measures["mae"] == pytest.approx((1 + 0.5 * 4) / 2.5)
    assert [one.row for one in found.worst.rows] == [3, 2, 0]
    assert np.isnan(found.kept[1]).ravel().tolist() == [False, True, False, False]
