"""The benchmark of the estimators: both sides are measured on the same rows."""

from __future__ import annotations

import pytest


def test_both_sides_learn():
    """One round of Iris has a score and a time of each."""
    pytest.importorskip("sklearn", reason="the estimators need the extra sklearn")
    from benchmarks.estimators import measure, table

    entry = measure("Iris", 2)
    assert list(entry["sides"]) == ["gn.Classifier", "MLPClassifier"]
    assert all(min(of["scores"]) > 0.85 for of in entry["sides"].values())
    assert [row[1] for row in table([entry]).rows] == list(entry["sides"])
