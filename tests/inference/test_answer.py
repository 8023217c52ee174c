"""Which output is the answer, and how its numbers are read."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.data.record import DataRecord, LayerRecord
from graphnet.inference.answer import Answer, answer_of, judged, sigmoid, softmax
from graphnet.net.spec import read_net

DATA = {"name": "d", "type": "Input", "batch_size": 1, "shapes": {"x": [2], "y": []}}
LAYERS = [
    DATA | {"tops": ["x", "y"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"], "tops": ["score"]},
]
LOSS = {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["score", "y"]}
TAGS = {"name": "loss", "type": "SigmoidCrossEntropyLoss", "bottoms": ["score", "y"]}
ACCURACY = {"name": "a", "type": "Accuracy", "bottoms": ["score", "y"]}
SQUARE = {"name": "s", "type": "SquareLoss", "bottoms": ["score", "y"]}
PROB = {"name": "p", "type": "Softmax", "phase": "test", "bottoms": ["score"], "tops": ["prob"]}
NAMES = ("a", "b", "c")
RECORD = DataRecord({"d": LayerRecord(shapes={"y": ()}, classes={"y": NAMES})})


@pytest.mark.parametrize(
    ("more", "shapes", "expected"),
    [
        ([LOSS, PROB], [("prob", (3,))], Answer("prob", "classes", None, NAMES)),
        ([LOSS], [("score", (3,))], Answer("score", "classes", "softmax", NAMES)),
        ([ACCURACY], [("score", (3,))], Answer("score", "classes", None, NAMES)),
        ([ACCURACY, LOSS], [("score", (3,))], Answer("score", "classes", "softmax", NAMES)),
        ([TAGS], [("score", (3,))], Answer("score", "tags", "sigmoid", NAMES)),
        ([PROB], [("prob", (3,))], Answer("prob", "classes")),
        ([LOSS], [("score", (4,))], Answer("score", "classes", "softmax")),
        ([SQUARE], [("score", (3,))], None),
        ([LOSS, PROB], [("prob", (3, 2))], None),
        ([], [("score", (3,))], None),
    ],
)
def test_the_answer_is_found(more, shapes, expected):
    """By the layers that judge it, or that make probabilities; names where they are as many."""
    assert answer_of(read_net([*LAYERS, *more]), RECORD, shapes) == expected


def test_what_judges_is_listed_once():
    """The surest first: those that make probabilities, classes before numbers."""
    found = judged(read_net([*LAYERS, SQUARE, ACCURACY, LOSS]))
    assert [(one.how.kind, one.how.squash) for one in found] == [("classes", "softmax")]
    other = {"name": "o", "type": "SquareLoss", "bottoms": ["x", "y"]}
    found = judged(read_net([*LAYERS, other, ACCURACY]))
    assert [one.how.kind for one in found] == ["classes", "numbers"]


def test_what_rows_count():
    """A statistic says it; a loss where there is none."""
    data = DATA | {"shapes": {"x": [2], "y": [], "w": []}, "tops": ["x", "y", "w"]}
    loss, accuracy = (one | {"bottoms": ["score", "y", "w"]} for one in (LOSS, ACCURACY))

    def weights(*more):
        return [one.weights for one in judged(read_net([data, LAYERS[1], *more]))]

    assert weights(loss) == ["w"]
    assert weights(LOSS) == [None]
    assert weights(loss, ACCURACY) == [None]
    assert weights(LOSS, accuracy) == weights(accuracy, LOSS) == ["w"]
    (found,) = judged(read_net([data, LAYERS[1], loss]))
    assert found.blobs == ["score", "y", "w"]


def test_probabilities():
    """Without overflow, in the precision of the scores."""
    scores = np.array([[1000, 1001, -1000]], "f4")
    found = Answer("score", "classes", "softmax", NAMES).probabilities(scores)
    e = np.e
    np.testing.assert_allclose(found, [[1 / (1 + e), e / (1 + e), 0]], rtol=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_allclose(sigmoid(np.array([0.0, -800, 800])), [0.5, 0, 1])
    assert Answer("prob", "classes").probabilities(scores) is scores
    np.testing.assert_allclose(softmax(np.zeros((2, 4))), 0.25)


def test_the_most_probable_have_names():
    """Or numbers, where nobody knows them."""
    values = np.array([[0.25, 0.5, 0.25]])
    assert Answer("p", "classes", names=NAMES).top(values, 2) == [[("b", 0.5), ("a", 0.25)]]
    assert Answer("p", "classes").top(values, 9)[0][2] == ("2", 0.25)
    assert (Answer("p", "classes").title, Answer("s", "tags", "sigmoid").title) == ("p", "prob")
