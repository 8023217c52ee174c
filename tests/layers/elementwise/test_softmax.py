"""Softmax through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.elementwise.softmax import Softmax


def spec(**properties):
    return Softmax(name="prob", bottoms=("x",), tops=("y",), **properties)


def softmax(axis):
    def reference(bottoms, _):
        e = np.exp(bottoms[0])
        return [e / e.sum(axis, keepdims=True)]

    return reference


CASES = [
    LayerCase(spec(), [(4, 5)], softmax(1)),
    LayerCase(spec(), [(1, 1)], softmax(1)),
    LayerCase(spec(), [(2, 3, 4, 2)], softmax(1)),
    LayerCase(spec(axis=2), [(2, 3, 4, 2)], softmax(2), label="axis 2"),
    LayerCase(spec(axis=-1), [(2, 3, 4, 2)], softmax(3), label="axis -1"),
    LayerCase(spec(axis=-1), [(3, 2, 5)], softmax(2), label="axis -1 of 3"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """exp(x) / Σ exp(x) along the axis, at each position."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_scores(dtype):
    """Scores far beyond the range of exp give a distribution, without a warning."""
    x = np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4], [1e4, 1e4, -1e30]])
    top = Rig(LayerCase(spec(), [x], None), dtype=dtype).forward()["top 0"]
    np.testing.assert_allclose(top, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]], rtol=1e-6)


def test_axis_must_be_of_a_sample():
    """The batch axis is refused when the YAML is read, an axis that is not there by the shape."""
    with pytest.raises(SpecError, match=r"axis 0 is the batch axis\n  expected 1 \(channels\)"):
        spec(axis=0)
    for axis in (2, -2, 5):
        with pytest.raises(ShapeError, match=rf"axis {axis} is none of a sample's axes .* 4×3\n"):
            spec(axis=axis).top_shapes([(4, 3)])
