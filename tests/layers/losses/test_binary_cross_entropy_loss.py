"""BinaryCrossEntropyLoss through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.losses.binary_cross_entropy_loss import BinaryCrossEntropyLoss


def spec(**properties):
    return BinaryCrossEntropyLoss(name="loss", bottoms=("p", "y"), **properties)


def between(shape, seed):
    return np.random.default_rng(seed).uniform(0.1, 0.9, shape)


def cross_entropy(weight=1.0, positive=1.0):
    def reference(bottoms, _):
        p, y = bottoms
        y = y.reshape(p.shape)
        return -weight * (positive * y * np.log(p) + (1 - y) * np.log(1 - p)).sum() / len(p)

    return reference


CASES = [
    LayerCase(spec(), [between((4, 3), 1), between((4, 3), 2)], cross_entropy()),
    LayerCase(
        spec(loss_weight=0.25), [between((3, 2, 2), 1), between((3, 2, 2), 2)], cross_entropy(0.25)
    ),
    LayerCase(spec(), [between((3, 4), 1), between((3, 1, 2, 2), 2)], cross_entropy()),
    LayerCase(
        spec(positive_weight=2.5), [between((4, 3), 1), between((4, 3), 2)], cross_entropy(1, 2.5)
    ),
    LayerCase(
        spec(positive_weight=[2.5, 0]),
        [between((4, 2, 3), 1), between((4, 2, 3), 2)],
        cross_entropy(1, np.array([[2.5], [0]])),
    ),
    LayerCase(spec(), [between((4, 1), 1), np.array([0.0, 1, 1, 0])], cross_entropy()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The cross-entropy summed over a sample, mean over the samples."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_predictions(dtype):
    """Probabilities of 0 and 1 give a finite loss and gradient, without a warning."""
    values = [np.array([[0.0, 1.0, 0.0, 1.0]]), np.array([[0.0, 1.0, 1.0, 0.0]])]
    results = Rig(LayerCase(spec(), values, None), dtype=dtype).run()
    np.testing.assert_allclose(results["loss"], -2 * np.log(1e-20), rtol=1e-6)
    np.testing.assert_allclose(results["diff of bottom 0"], [[1, -1, -1e20, 1e20]], rtol=1e-6)


def test_shapes_must_agree():
    """Both have as many elements a sample."""
    with pytest.raises(ShapeError, match=r"shapes 4×3 and 4×1 cannot be compared\n  expected"):
        spec().top_shapes([(4, 3), (4, 1)])
