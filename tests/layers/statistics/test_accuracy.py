"""Accuracy through the layer harness: axes, top-k, ties, NaN and ignored labels."""

import numpy as np
import pytest
from support.label_losses import BAD_LABELS, LABEL_SHAPES, labels
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError
from graphnet.layers.statistics.accuracy import Accuracy


def spec(**properties):
    return Accuracy(name="acc", bottoms=("x", "label"), **properties)


def accuracy(layer):
    """By sorting, position by position."""

    def reference(bottoms, _):
        scores, label = bottoms
        scores = np.moveaxis(scores, layer.axis, -1)
        label = label.reshape(scores.shape[:-1])
        first, top = [], []
        for place in np.ndindex(label.shape):
            if label[place] != layer.ignore_label:
                order = np.argsort(-scores[place], kind="stable")
                first.append(order[0] == label[place])
                top.append(label[place] in order[: layer.top_k])
        result = {"": np.mean(first)}
        if layer.report_error:
            result["error"] = 1 - np.mean(first)
        if layer.top_k > 1:
            result[f"top{layer.top_k}"] = np.mean(top)
        return result

    return reference


VARIANTS = [
    ({"report_error": True}, (9, 3), labels((9,), 3)),
    ({"top_k": 3, "report_error": True}, (20, 6), labels((20,), 6)),
    ({"top_k": 2}, (20, 2), labels((20,), 2)),
    ({"axis": 2}, (4, 3, 5), labels((4, 3), 5)),
    ({"axis": -1, "top_k": 2}, (2, 2, 3, 4), labels((2, 2, 3, 1), 4)),
    ({"ignore_label": 255}, (9, 3), labels((9,), 3, 255)),
    ({"ignore_label": 1, "top_k": 2, "report_error": True}, (5, 3, 2), labels((5, 2), 3)),
]
CASES = [
    LayerCase(s := spec(**v), [shape, label], accuracy(s), label=f"{v}")
    for v, shape, label in VARIANTS
] + [
    LayerCase(s := spec(), [shape, labels(label, shape[1])], accuracy(s))
    for shape, label in LABEL_SHAPES
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The part of the positions whose label has the largest score."""
    check_layer(case)


def found(scores, label, **properties):
    """The statistics of one batch."""
    values = [np.array(scores, float), np.array(label, float)]
    rig = Rig(LayerCase(spec(**properties), values, None))
    rig.forward()
    return rig.layer.statistics()


def test_ties_go_to_the_smaller_class():
    """Of equal scores the first is taken, as ``argmax`` takes it."""
    scores = [[1, 1, 1]] * 3
    assert found(scores, [0, 1, 2], top_k=2) == {"acc": pytest.approx(1 / 3), "acc.top2": 2 / 3}


def test_nan_is_never_right():
    """Neither a score that is NaN nor one beside a NaN is the largest."""
    scores = [[np.nan, np.nan], [np.nan, 1], [1, np.nan], [1, 0]]
    assert found(scores, [0, 1, 0, 0])["acc"] == 0.25


def test_infinite_scores():
    """Infinities are ordered like any number, without a warning."""
    scores = [[np.inf, 0, -np.inf], [-np.inf, -np.inf, 0], [np.inf, np.inf, 0]]
    assert found(scores, [0, 2, 1])["acc"] == pytest.approx(2 / 3)


def test_all_ignored_counts_nothing():
    """A batch in which all is ignored leaves the mean as it was."""
    assert np.isnan(found([[1, 0]], [5], ignore_label=5)["acc"])


@pytest.mark.parametrize(("label", "message"), BAD_LABELS)
def test_label_that_is_no_class(label, message):
    """The label, its row and the allowed range are named."""
    with pytest.raises(DataError, match=message):
        found(np.ones((3, 4)), label)


def test_shapes_must_fit():
    """Labels are one for each position, and ``top_k`` at most the number of classes."""
    with pytest.raises(ShapeError, match=r"labels of shape 5 do not fit scores of shape 4×3"):
        spec().top_shapes([(4, 3), (5,)])
    with pytest.raises(ShapeError, match=r"top_k: 4 is more than the 3 classes .* 4×3"):
        spec(top_k=4).top_shapes([(4, 3), (4,)])
