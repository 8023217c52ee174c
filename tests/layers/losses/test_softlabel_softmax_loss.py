"""SoftlabelSoftmaxLoss through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.losses.softlabel_softmax_loss import SoftlabelSoftmaxLoss
from graphnet.layers.losses.softmax_loss import SoftmaxLoss


def spec(**properties):
    return SoftlabelSoftmaxLoss(name="loss", bottoms=("x", "y"), **properties)


def distributions(shape, axis=1):
    y = np.random.default_rng(11).uniform(0, 1, shape)
    return y / y.sum(axis, keepdims=True)


def cross_entropy(axis=1, weight=1.0):
    def reference(bottoms, _):
        x, y = bottoms
        e = np.exp(x)
        cost = -(y * np.log(e / e.sum(axis, keepdims=True))).sum(axis)
        return weight * cost.mean()

    return reference


def of_weighted(factors, axis=1, weight=1.0):
    """Each class at each place by its own factor, which fits the scores as it stands."""

    def reference(bottoms, _):
        x, y = bottoms
        e = np.exp(x)
        cost = -(factors * y * np.log(e / e.sum(axis, keepdims=True))).sum(axis)
        return weight * cost.mean()

    return reference


PLACES = np.array([[1.0, 2.0], [0.5, 0.0], [3.0, 1.0]])  # of a sample 3×2
IMAGES = distributions((4, 3, 2))

CASES = [
    LayerCase(spec(), [(4, 3), distributions((4, 3))], cross_entropy()),
    LayerCase(
        spec(loss_weight=0.3), [(2, 3, 2, 2), distributions((2, 3, 2, 2))], cross_entropy(1, 0.3)
    ),
    LayerCase(spec(axis=2), [(2, 2, 3), distributions((2, 2, 3), 2)], cross_entropy(2), label="2"),
    LayerCase(spec(axis=-1), [(2, 2, 3), distributions((2, 2, 3), 2)], cross_entropy(2), label="l"),
    LayerCase(
        spec(weights=[1, 2, 3]),
        [(4, 3), distributions((4, 3))],
        of_weighted(np.array([1, 2, 3]) / 2),
    ),
    LayerCase(
        spec(weights=[1, 0, 3], normalize="no", axis=2, loss_weight=0.5),
        [(2, 2, 3), distributions((2, 2, 3), 2)],
        of_weighted(np.array([1, 0, 3]), 2, 0.5),
    ),
    LayerCase(
        spec(weights=PLACES.tolist()), [(4, 3, 2), IMAGES], of_weighted(PLACES / PLACES.mean(0))
    ),
    LayerCase(
        spec(weights=PLACES.tolist(), normalize="global"),
        [(4, 3, 2), IMAGES],
        of_weighted(PLACES / PLACES.mean()),
    ),
    LayerCase(spec(), [(4, 3), 3 * distributions((4, 3))], cross_entropy(), label="not normalised"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The mean cross-entropy of the positions."""
    check_layer(case)


def test_large_scores():
    """Scores far beyond the range of exp give an exact loss, without a warning."""
    values = [np.array([[1e4, 0.0], [-1e4, 1e4]]), np.array([[0.5, 0.5], [0.0, 1.0]])]
    results = Rig(LayerCase(spec(), values, None), dtype=np.float32).run()
    assert results["loss"] == 2.5e3
    np.testing.assert_array_equal(results["diff of bottom 0"], [[0.25, -0.25], [0, 0]])


def test_shapes_must_agree():
    """Scores and distributions have one shape."""
    with pytest.raises(ShapeError, match=r"distributions of shape 4×1 do not fit scores .* 4×3\n"):
        spec().top_shapes([(4, 3), (4, 1)])


def test_weighted_as_labels_are():
    """Of distributions that are certain it is SoftmaxLoss with the same weights."""
    x, label = np.random.default_rng(1).standard_normal((4, 3)), np.array([0.0, 2, 1, 2])
    certain = np.eye(3)[label.astype(int)]
    found = Rig(LayerCase(spec(weights=[1, 2, 5]), [x, certain], None)).run()
    labels = SoftmaxLoss(name="loss", bottoms=("x", "y"), weights=[1, 2, 5])
    expected = Rig(LayerCase(labels, [x, label], None)).run()
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-12)
    np.testing.assert_allclose(
        found["diff of bottom 0"], expected["diff of bottom 0"], rtol=1e-12, atol=1e-15
    )
