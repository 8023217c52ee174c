"""MeanIoU through the layer harness: axes, classes that are nowhere, ignored labels and weights."""

import numpy as np
import pytest
from support.label_losses import BAD_LABELS, labels
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError
from graphnet.layers.statistics.mean_iou import MeanIoU


def spec(names=("x", "label"), **properties):
    return MeanIoU(name="iou", bottoms=names, **properties)


def mean_iou(layer):
    """By sets of places, class by class."""

    def reference(bottoms, _):
        scores, label = bottoms[:2]
        said = scores.argmax(layer.axis)
        label = label.reshape(said.shape)
        weights = np.ones(said.shape)
        if len(bottoms) > 2:
            given = bottoms[2]
            weights *= given.reshape(*given.shape, *(1,) * (said.ndim - given.ndim))
        weights[label == layer.ignore_label] = 0
        found = []
        for c in range(scores.shape[layer.axis]):
            either = weights[(said == c) | (label == c)].sum()
            if either:
                found.append(weights[(said == c) & (label == c)].sum() / either)
        return {"": np.mean(found)}

    return reference


W = ("x", "label", "w")
VARIANTS = [
    ({}, [(9, 3), labels((9,), 3)]),
    ({}, [(3, 4, 5, 2), labels((3, 5, 2), 4)]),
    ({}, [(3, 4, 5, 2), labels((3, 1, 5, 2), 4)]),
    ({"axis": 2}, [(4, 3, 5), labels((4, 3), 5)]),
    ({"axis": -1}, [(2, 2, 3, 4), labels((2, 2, 3, 1), 4)]),
    ({"ignore_label": 255}, [(9, 3), labels((9,), 3, 255)]),
    ({"ignore_label": 1}, [(5, 3, 2), labels((5, 2), 3)]),
    ({}, [(6, 40), labels((6,), 3)]),
    ({"names": W}, [(4, 3, 2), labels((4, 2), 3), np.array([1, 0, 2, 0.5])]),
    ({"names": W}, [(3, 3, 2), labels((3, 2), 3), np.array([[1, 0], [0.5, 2], [0, 0]])]),
    (
        {"names": W, "axis": 2, "ignore_label": 2},
        [(3, 2, 3), labels((3, 2), 3), np.array([[1, 0], [0.5, 2], [0, 3]])],
    ),
]
CASES = [
    LayerCase(s := spec(**v), b, mean_iou(s), label=f"{i}") for i, (v, b) in enumerate(VARIANTS)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Intersections over unions, and their mean."""
    check_layer(case)


def rig_of(scores, label, **properties):
    """After one batch."""
    rig = Rig(
        LayerCase(spec(**properties), [np.array(scores, float), np.array(label, float)], None)
    )
    rig.forward()
    return rig


def test_areas_add_up_over_batches():
    """It is the quotient of all areas, and not the mean of the batches' quotients."""
    rig = rig_of([[1, 0], [1, 0], [0, 1], [0, 1]], [0, 0, 0, 1])
    assert rig.layer.statistics() == {"iou": pytest.approx((2 / 3 + 1 / 2) / 2)}
    rig.bottoms[1].data[...] = [0, 0, 1, 1]
    rig.layer.forward()
    assert rig.layer.statistics() == {"iou": pytest.approx((4 / 5 + 3 / 4) / 2)}
    rig.layer.reset_statistics()
    assert np.isnan(rig.layer.statistics()["iou"])


def test_ties_and_nan():
    """Of equal scores the smaller class is taken; where a score is NaN none is."""
    assert rig_of([[1, 1], [1, 1]], [0, 1]).layer.statistics() == {"iou": 0.25}
    assert rig_of([[1, 0], [np.nan, 1]], [0, 1]).layer.statistics() == {"iou": 0.5}


def test_a_class_that_is_nowhere_counts_for_nothing():
    """And where all is ignored there is no number."""
    assert rig_of([[1, 0, 0]], [0]).layer.statistics() == {"iou": 1.0}
    assert np.isnan(rig_of([[1, 0]], [5], ignore_label=5).layer.statistics()["iou"])


@pytest.mark.parametrize(("label", "message"), BAD_LABELS)
def test_label_that_is_no_class(label, message):
    """The label, its row and the allowed range are named."""
    with pytest.raises(DataError, match=message):
        rig_of(np.ones((3, 4)), label)


def test_shapes_must_fit():
    """Labels are one for each position."""
    with pytest.raises(ShapeError, match=r"labels of shape 5 do not fit scores of shape 4×3"):
        spec().top_shapes([(4, 3), (5,)])
