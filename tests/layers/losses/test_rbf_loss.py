"""RBFLoss through the layer harness: its criterion, and all that label losses share."""

import numpy as np
import pytest
from support.label_losses import BAD_LABELS, LABEL_SHAPES, VARIANTS, label_loss, labels
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, SpecError
from graphnet.layers.losses.rbf_loss import RBFLoss
from graphnet.layers.losses.softmax_loss import SoftmaxLoss


def spec(**properties):
    return RBFLoss(name="loss", bottoms=("y", "label"), **properties)


def cost(j):
    """LeCun et al. 1998, eq. 9, for each class."""
    return lambda y, axis: y + np.log(np.exp(-j) + np.exp(-y).sum(axis, keepdims=True))


CASES = [
    LayerCase(
        s := spec(**v), [shape, label], label_loss(s, cost(1)), label=f"{v} {shape}", adds_up=up
    )
    for v, shape, label, up in VARIANTS
]
CASES += [
    LayerCase(s := spec(), [shape, labels(label, shape[1])], label_loss(s, cost(1)))
    for shape, label in LABEL_SHAPES
]
CASES += [
    LayerCase(s := spec(j=j), [(4, 3), labels((4,), 3)], label_loss(s, cost(j)), label=f"j {j}")
    for j in (0, 0.1, 3.5)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The distance of the true class plus the logarithm of the evidence."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_distances(dtype):
    """Distances beyond the range of exp give an exact loss: y[label] − min(j, nearest)."""
    y = np.array([[500.0, 2000.0], [900.0, 800.0], [0.0, 1e6]])
    case = LayerCase(spec(j=700, divisor="none"), [y, np.array([1.0, 0.0, 0.0])], None)
    results = Rig(case, dtype=dtype).run()
    assert results["loss"] == (2000 - 500) + (900 - 700) + 0
    gradient = [[-1, 1], [1, 0], [0, 0]]
    np.testing.assert_allclose(results["diff of bottom 0"], gradient, atol=1e-40)


def test_large_j_is_softmax_loss():
    """Where j is far away the loss is the cross-entropy of the softmax of the negated distances."""
    y, label = np.array([[3.0, 1.0, 5.0], [0.5, 2.0, 0.1]]), np.array([0.0, 2.0])
    rbf = Rig(LayerCase(spec(j=1e4), [y, label], None)).run()
    softmax = Rig(
        LayerCase(SoftmaxLoss(name="loss", bottoms=("y", "label")), [-y, label], None)
    ).run()
    np.testing.assert_allclose(rbf["loss"], softmax["loss"])
    np.testing.assert_allclose(rbf["diff of bottom 0"], -softmax["diff of bottom 0"])


@pytest.mark.parametrize(("label", "message"), BAD_LABELS)
def test_bad_labels(label, message):
    """A label that is no class is an error that names it and its row."""
    rig = Rig(LayerCase(spec(), [(3, 4), np.array(label)], None))
    with pytest.raises(DataError, match=message):
        rig.layer.forward()


def test_j_is_not_negative():
    """A distance is at least 0, and so is j."""
    with pytest.raises(SpecError, match="j"):
        spec(j=-1.0)
