"""MultinomialLogisticLoss through the layer harness."""

import numpy as np
import pytest
from support.label_losses import BAD_LABELS, LABEL_SHAPES, VARIANTS, label_loss, labels
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError
from graphnet.layers.losses.multinomial_logistic_loss import MultinomialLogisticLoss


def spec(**properties):
    return MultinomialLogisticLoss(name="loss", bottoms=("p", "label"), **properties)


def probabilities(shape):
    return np.random.default_rng(6).uniform(0.1, 1, shape)


def cost(p, _):
    return -np.log(p)


CASES = [
    LayerCase(
        s := spec(**v),
        [probabilities(shape), label],
        label_loss(s, cost),
        label=f"{v} {shape}",
        adds_up=up,
    )
    for v, shape, label, up in VARIANTS
] + [
    LayerCase(s := spec(), [probabilities(shape), labels(label, shape[1])], label_loss(s, cost))
    for shape, label in LABEL_SHAPES
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The weighted mean of −log p at the labels."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_smallest_probability(dtype):
    """A probability of zero counts as 1e-20, in the loss and in the gradient."""
    case = LayerCase(spec(), [np.array([[0.0, 1.0]]), np.array([0.0])], None)
    results = Rig(case, dtype=dtype).run()
    np.testing.assert_allclose(results["loss"], -np.log(1e-20), rtol=1e-6)
    np.testing.assert_allclose(results["diff of bottom 0"], [[-1e20, 0]], rtol=1e-6)


@pytest.mark.parametrize(("label", "message"), BAD_LABELS)
def test_label_that_is_no_class(label, message):
    """The label, its row and the allowed range are named."""
    case = LayerCase(spec(), [np.ones((3, 4)), np.array(label)], None)
    with pytest.raises(DataError, match=message):
        Rig(case).forward()


def test_label_shape():
    """Labels that are not one for each position are refused."""
    with pytest.raises(ShapeError, match=r"labels of shape 4×2 do not fit .* 4×3×2×2\n  expected"):
        spec().top_shapes([(4, 3, 2, 2), (4, 2)])
