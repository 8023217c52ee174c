"""An examination of classes; the measures themselves are in tests/metrics."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.inference.examination import examiner
from graphnet.inference.examination.classes import ClassExaminer

NAMES = ("a", "b", "c")


def examined(scores, labels, batch=2, axis=1, squash=None, ignored=None, names=NAMES, k=2):
    found = ClassExaminer(scores.shape[axis], axis, squash, ignored, names, k)
    for first in range(0, len(scores), batch):
        part = slice(first, first + batch)
        found.add(first, scores[part], labels[part])
    return found.measures(), found.worst.rows


PROB = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.3, 0.5, 0.2]], "f4")
LABELS = np.array([0, 1, 2, 1], "f4")


def test_what_is_found():
    """Who was taken for whom, and the rows in which another class is furthest ahead."""
    found, worst = examined(PROB, LABELS)
    assert found["kind"] == "classes"
    assert found["classes"] == ["a", "b", "c"]
    assert found["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert found["accuracy"] == 0.75
    assert found["top_k"] == {"1": 0.75}
    assert found["per_class"][1] == {
        "class": "b",
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "support": 2,
        "auc": 1.0,
    }
    assert found["weighted"]["recall"] == 0.75
    assert [one.row for one in worst] == [1, 3]
    assert worst[0].detail == {
        "label": "b",
        "answer": "a",
        "p_label": pytest.approx(0.3),
        "p_answer": pytest.approx(0.6),
    }


def test_batches_make_no_difference():
    """Nor does the axis of the classes, or a label with an axis of its own."""
    expected = examined(PROB, LABELS)
    assert examined(PROB, LABELS, batch=4) == expected
    assert examined(PROB[:, None], LABELS[:, None], axis=2) == expected


def test_scores_are_made_probabilities():
    """Which only the numbers of the worst rows show."""
    found, worst = examined(np.log(PROB), LABELS, squash="softmax")
    expected, other = examined(PROB, LABELS)
    assert found["confusion"] == expected["confusion"]
    assert worst[0].detail["p_label"] == pytest.approx(other[0].detail["p_label"])


def test_ignored_labels():
    """Are counted nowhere; nor are the names, if they are not as many."""
    labels = np.array([0, 9, 2, 1], "f4")
    found, worst = examined(PROB, labels, ignored=9, names=("a",), k=9)
    assert found["confusion"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert found["classes"] == ["0", "1", "2"]
    assert worst[-1].row == 1
    found, _ = examined(PROB, np.full(4, 9, "f4"), ignored=9)
    assert (found["accuracy"], found["auc"], found["top_k"]) == (0, None, {})


def test_several_positions_in_a_row():
    """Each is an answer; a row is as wrong as they are in the mean."""
    scores = np.stack([PROB, PROB[::-1]], axis=2)
    labels = np.stack([LABELS, np.array([1, 2, 2, 2])], axis=1)
    found, worst = examined(scores, labels.astype("f4"))
    assert np.sum(found["confusion"]) == 8
    assert worst[0].row == 3


def test_an_answer_that_is_no_number():
    """Is wrong, and worst of all."""
    scores = PROB.copy()
    scores[2] = np.nan
    found, worst = examined(scores, LABELS)
    assert found["accuracy"] == 0.5
    assert (worst[0].row, worst[0].detail["p_label"]) == (2, None)


def test_too_many_scores_are_not_kept(monkeypatch):
    """There is no AUC then; all else is as before."""
    expected, _ = examined(PROB, LABELS)
    monkeypatch.setattr(examiner, "MOST_KEPT", 8)
    found, _ = examined(PROB, LABELS)
    assert found["auc"] is None
    assert found["confusion"] == expected["confusion"]
    assert found["top_k"] == expected["top_k"]


def weighed(scores, labels, weights):
    found = ClassExaminer(3, 1, None, None, NAMES, 4)
    for first in range(0, len(scores), 2):
        part = slice(first, first + 2)
        found.add(first, scores[part], labels[part], weights[part])
    return found.measures(), found.worst.rows


def test_weights_of_rows():
    """Whole ones are rows again and again; what has none is nowhere, whatever its label is."""
    weights = np.array([2, 1, 0, 3], "f4")
    labels = np.array([0, 1, 99, 1], "f4")
    found, worst = weighed(PROB, labels, weights)
    again = np.repeat([0, 1, 3], [2, 1, 3])
    expected, _ = examined(PROB[again], LABELS[again])
    assert {**found, "auc": 0} == {**expected, "auc": 0}
    assert found["auc"] == pytest.approx(expected["auc"])
    assert isinstance(found["per_class"][0]["support"], int)
    assert [one.row for one in worst][:2] == [1, 3]
    half, _ = weighed(PROB, labels, weights / 4)
    assert half["confusion"] == [[0.5, 0, 0], [0.25, 0.75, 0], [0, 0, 0]]
    assert half["accuracy"] == found["accuracy"]


def test_weights_of_positions():
    """A mask of sequences of several lengths."""
    scores = np.stack([PROB, PROB[::-1]], axis=2)
    labels = np.stack([LABELS, np.full(4, 99)], axis=1).astype("f4")
    mask = np.array([[1, 0]] * 4, "f4")
    found, _ = weighed(scores, labels, mask)
    assert found == examined(PROB, LABELS)[0]
