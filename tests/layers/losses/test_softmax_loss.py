"""SoftmaxLoss through the layer harness: weights, ignored labels, divisors, label shapes."""

import numpy as np
import pytest
from support.label_losses import BAD_LABELS, LABEL_SHAPES, VARIANTS, label_loss, labels
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError, SpecError
from graphnet.layers.losses.softmax_loss import SoftmaxLoss


def spec(**properties):
    return SoftmaxLoss(name="loss", bottoms=("x", "label"), **properties)


def cost(scores, axis):
    e = np.exp(scores)
    return -np.log(e / e.sum(axis, keepdims=True))


CASES = [
    LayerCase(s := spec(**v), [shape, label], label_loss(s, cost), label=f"{v} {shape}", adds_up=up)
    for v, shape, label, up in VARIANTS
] + [
    LayerCase(s := spec(), [shape, labels(label, shape[1])], label_loss(s, cost))
    for shape, label in LABEL_SHAPES
]


def smoothed(epsilon):
    """1 − ε of the label's cost and ε of the mean of all."""

    def cost_of(scores, axis):
        return (1 - epsilon) * cost(scores, axis) + epsilon * cost(scores, axis).mean(
            axis, keepdims=True
        )

    return cost_of


CASES += [
    LayerCase(
        s := spec(label_smoothing=e, **v), [shape, label], label_loss(s, smoothed(e)),
        label=f"smoothing {e} {v} {shape}", adds_up=up,
    )
    for e in (0.1, 0.7)
    for v, shape, label, up in VARIANTS[1::4]
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The weighted mean of −log softmax at the labels."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_scores(dtype):
    """Scores far beyond the range of exp give an exact loss and gradient, without a warning."""
    x = np.array([[1e4, 0.0], [-1e4, 1e4]])
    results = Rig(LayerCase(spec(), [x, np.array([1.0, 1.0])], None), dtype=dtype).run()
    assert results["loss"] == 5e3
    np.testing.assert_array_equal(results["diff of bottom 0"], [[0.5, -0.5], [0, 0]])


def test_equal_weights_make_no_difference():
    """Under ``local`` and ``global``, equal class weights are no weights."""
    values = [np.random.default_rng(3).standard_normal((4, 3)), np.array([0.0, 1, 2, 1])]
    plain = Rig(LayerCase(spec(), values, None)).run()
    for normalize in ("local", "global"):
        layer = spec(weights=[7, 7, 7], normalize=normalize)
        found = Rig(LayerCase(layer, values, None)).run()
        np.testing.assert_allclose(found["loss"], plain["loss"], rtol=1e-14)
        np.testing.assert_allclose(found["diff of bottom 0"], plain["diff of bottom 0"], rtol=1e-14)


def test_all_ignored():
    """A batch without a label that counts costs nothing and counts nothing."""
    label = np.array([9.0, 9.0])
    rig = Rig(LayerCase(spec(ignore_label=9), [np.ones((2, 3)), label], None))
    results = rig.run()
    assert results["loss"] == 0
    assert not results["diff of bottom 0"].any()
    assert np.isnan(rig.layer.statistics()["loss"])


@pytest.mark.parametrize(("label", "message"), BAD_LABELS)
def test_label_that_is_no_class(label, message):
    """The label, its row and the allowed range are named."""
    case = LayerCase(spec(), [np.zeros((3, 4)), np.array(label)], None)
    with pytest.raises(DataError, match=message):
        Rig(case).forward()


def test_ignored_label_is_mentioned():
    """Where one label is ignored, the message says so; a place within the image is named."""
    label = np.zeros((2, 2, 3))
    label[1, 0, 2] = 7
    case = LayerCase(spec(ignore_label=255), [np.zeros((2, 4, 2, 3)), label], None)
    message = r"label 7 in row 1, place \[0, 2\] .*\n.* 0 to 3: .*or 255, which is ignored"
    with pytest.raises(DataError, match=message):
        Rig(case).forward()


@pytest.mark.parametrize("label", [(3,), (4, 2), (4, 1, 1), (1, 4)])
def test_label_shape(label):
    """Labels that are not one for each position are refused, never broadcast."""
    with pytest.raises(ShapeError, match=r"do not fit scores of shape 4×3\n  expected 4 or 4×1"):
        spec().top_shapes([(4, 3), label])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"'weights' has shape 2\n  expected 3, one for each class, or 3×2, the shape"),
        ([[1, 2, 3], [4, 5, 6]], r"'weights' has shape 2×3\n"),
        ([0, 0, 0], r"cannot be normalised: they add up to zero"),
    ],
)
def test_weights_must_fit(weights, message):
    """Class weights have the shape of the classes or of a sample."""
    with pytest.raises(ShapeError, match=message):
        spec(weights=weights).top_shapes([(4, 3, 2), (4, 2)])


@pytest.mark.parametrize("weights", [[], [1, "a"], [[1, 2], [3]], [1, -1]])
def test_weights_are_numbers(weights):
    """Anything but a regular list of numbers that are not negative is refused."""
    with pytest.raises(SpecError, match=r"expected one finite number of at least 0 for each class"):
        spec(weights=weights)
