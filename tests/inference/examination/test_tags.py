"""An examination of tags."""

from __future__ import annotations

import numpy as np

from graphnet.inference.examination import examiner
from graphnet.inference.examination.tags import TagExaminer

SCORES = np.array([[2, -1, 1], [-3, 1, -1], [1, 1, 4]], "f4")
LABELS = np.array([[1, 0, 1], [1, 1, -1], [1, 0, 0]], "f4")


def examined(threshold=0.0, ignored=-1, names=("red", "big", "old")):
    found = TagExaminer(threshold, ignored, names, 2)
    for first in (0, 2):
        found.add(first, SCORES[first : first + 2], LABELS[first : first + 2])
    return found.measures(), found.worst.rows


def test_what_is_found():
    """Of each tag, of whole rows, of elements; an ignored one counts nowhere."""
    found, worst = examined()
    assert found["classes"] == ["red", "big", "old"]
    assert [one["recall"] for one in found["per_class"]] == [2 / 3, 1, 1]
    assert [one["precision"] for one in found["per_class"]] == [1, 0.5, 0.5]
    assert (found["exact"], found["hamming"]) == (1 / 3, 3 / 8)
    assert found["per_class"][0]["auc"] is None
    assert found["per_class"][2]["auc"] == 0
    assert [(one.row, one.detail["wrong"]) for one in worst] == [(2, ["big", "old"]), (1, ["red"])]


def test_without_names_and_labels_to_ignore(monkeypatch):
    """Numbers; where there are too many answers nothing is said."""
    found, _ = examined(ignored=None, names=())
    assert found["classes"] == ["0", "1", "2"]
    assert found["hamming"] == 3 / 9
    monkeypatch.setattr(examiner, "MOST_KEPT", 4)
    assert examined()[0] == {"kind": "tags"}


def test_weights():
    """Of rows, or of elements: what has none is nowhere."""
    found = TagExaminer(0.0, None, (), 3)
    labels = LABELS.copy()
    labels[1] = np.nan
    found.add(0, SCORES, labels, np.array([1, 0, 0.5], "f4"))
    measures = found.measures()
    assert [one["support"] for one in measures["per_class"]] == [1.5, 0, 1]
    assert (measures["exact"], measures["hamming"]) == (1 / 1.5, (0.5 * 2) / 4.5)
    assert [one.row for one in found.worst.rows] == [2, 0, 1]
    assert found.worst.rows[-1].cost == -np.inf
    each = TagExaminer(0.0, None, (), 3)
    each.add(0, SCORES[:1], labels[:1], np.array([[1, 0, 1]], "f4"))
    assert [one["support"] for one in each.measures()["per_class"]] == [1, 0, 1]
