"""BinaryAccuracy through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.statistics.binary_accuracy import BinaryAccuracy


def spec(**properties):
    return BinaryAccuracy(name="acc", bottoms=("p", "y"), **properties)


def accuracy(threshold, *, error=False):
    def reference(bottoms, _):
        p, y = bottoms
        right = np.mean((p > threshold) == (y.reshape(p.shape) > threshold))
        return {"": right, "error": 1 - right} if error else {"": right}

    return reference


SIGNS = np.random.default_rng(14).choice([-1.0, 1.0], (6, 4))
CASES = [
    LayerCase(spec(), [(6, 4), SIGNS], accuracy(0)),
    LayerCase(spec(threshold=0.5), [(6, 4), (SIGNS + 1) / 2], accuracy(0.5), label="0 and 1"),
    LayerCase(spec(report_error=True), [(6, 4), SIGNS], accuracy(0, error=True), label="error"),
    LayerCase(spec(), [(6, 4), SIGNS.reshape(6, 1, 2, 2)], accuracy(0)),
    LayerCase(spec(), [np.array([[0.0], [1.0]]), np.array([0.0, 1.0])], accuracy(0)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The part on the same side of the threshold."""
    check_layer(case)


def test_nan_is_wrong():
    """A prediction that is NaN is on no side."""
    rig = Rig(LayerCase(spec(), [np.array([[np.nan, np.nan]]), np.array([[1.0, -1.0]])], None))
    rig.forward()
    assert rig.layer.statistics() == {"acc": 0.0}


def test_shapes_must_agree():
    """Both have as many elements a sample."""
    with pytest.raises(ShapeError, match="shapes 4×3 and 4×1 cannot be compared"):
        spec().top_shapes([(4, 3), (4, 1)])
