"""SigmoidCrossEntropyLoss through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.losses.sigmoid_cross_entropy_loss import SigmoidCrossEntropyLoss


def spec(**properties):
    return SigmoidCrossEntropyLoss(name="loss", bottoms=("x", "y"), **properties)


def targets(*shape, ignored=None):
    """Probabilities and certainties; some elements the ignored label, the first row's never."""
    rng = np.random.default_rng(4)
    y = rng.choice([0.0, 1.0, 0.3], shape)
    if ignored is not None:
        skip = rng.random(shape) < 0.4
        skip[0] = False
        y[skip] = ignored
    return y


def cross_entropy(layer):
    """Element by element, from the probability."""

    def reference(bottoms, _):
        tags = np.reshape(layer.positive_weight, (-1, *(1,) * (bottoms[0].ndim - 2)))
        positive = np.broadcast_to(tags, bottoms[0].shape).reshape(len(bottoms[0]), -1)
        x, y = (b.reshape(len(b), -1) for b in bottoms)
        total = counted = 0.0
        for place in np.ndindex(x.shape):
            if y[place] != layer.ignore_label:
                p = 1 / (1 + np.exp(-x[place]))
                total -= positive[place] * y[place] * np.log(p) + (1 - y[place]) * np.log(1 - p)
                counted += 1
        divisor = {"batch_size": len(x), "valid": counted, "full": x.size, "none": 1}
        return layer.loss_weight * total / divisor[layer.divisor]

    return reference


def case(properties, shape, label=None, adds_up=True):
    layer = spec(**properties)
    y = targets(*(label or shape), ignored=layer.ignore_label)
    return LayerCase(
        layer, [shape, y], cross_entropy(layer), label=f"{properties} {shape}", adds_up=adds_up
    )


CASES = [
    case({}, (4, 3)),
    case({}, (4,)),
    case({"loss_weight": 0.3}, (2, 3, 2, 2)),
    case({}, (3, 8), (3, 2, 2, 2)),
    case({"divisor": "valid"}, (3, 4)),
    case({"divisor": "full"}, (3, 4)),
    case({"divisor": "none", "loss_weight": 0.1}, (3, 4), adds_up=False),
    case({"positive_weight": 3}, (4, 5)),
    case({"positive_weight": 0.25}, (4,)),
    case({"positive_weight": [3, 0.5, 1]}, (4, 3)),
    case({"positive_weight": [3, 0, 1], "loss_weight": 0.3}, (2, 3, 2, 2)),
    case({"positive_weight": [3, 0.5], "ignore_label": -1}, (3, 2, 4), (3, 8)),
    case({"ignore_label": -1}, (4, 5)),
    case({"ignore_label": 1}, (4, 5)),
    case({"ignore_label": 255, "divisor": "valid"}, (4, 5)),
    case({"ignore_label": 255, "divisor": "full"}, (4, 5)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The cross-entropy of each element; both bottoms take a gradient."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_scores(dtype):
    """Scores far beyond the range of exp give an exact loss and gradient, without a warning."""
    x, y = np.array([[1e4, -1e4], [1e4, -1e4]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    results = Rig(LayerCase(spec(), [x, y], None), dtype=dtype).run()
    assert results["loss"] == 1e4
    np.testing.assert_array_equal(results["diff of bottom 0"], [[0, 0], [0.5, -0.5]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight", [4.0, [4.0, 4.0]])
def test_large_weighted_scores(dtype, weight):
    """Nor where yes costs more: four times as much, and no as before."""
    x, y = np.array([[1e4, -1e4], [1e4, -1e4]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    results = Rig(LayerCase(spec(positive_weight=weight), [x, y], None), dtype=dtype).run()
    assert results["loss"] == 2.5e4
    np.testing.assert_array_equal(results["diff of bottom 0"], [[0, 0], [0.5, -2]])


def test_all_ignored():
    """A batch without an element that counts costs nothing and sends no gradient."""
    layer = spec(ignore_label=-1, divisor="valid")
    rig = Rig(LayerCase(layer, [(2, 2), np.full((2, 2), -1.0)], None))
    results = rig.run()
    assert results["loss"] == 0
    assert not results["diff of bottom 0"].any()
    assert np.isnan(results["statistic loss"])


def test_mistakes():
    """Nothing is broadcast, and divisors have names."""
    with pytest.raises(ShapeError, match="shapes 4×3 and 4×1 cannot be compared"):
        spec().top_shapes([(4, 3), (4, 1)])
    with pytest.raises(SpecError, match="'batch_size', 'valid', 'full' or 'none'"):
        spec(divisor="samples")
