"""MVN through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.channelwise.mvn import MVN


def spec(**properties):
    return MVN(name="mvn", bottoms=("x",), tops=("y",), **properties)


def mvn(layer):
    """Sample by sample and channel by channel."""

    def reference(bottoms, _):
        (x,) = bottoms
        y = np.empty_like(x)
        for n in range(len(x)):
            for c in [slice(None)] if layer.across_channels else range(x.shape[1]):
                centred = x[n, c] - x[n, c].mean()
                y[n, c] = centred
                if layer.normalize_variance:
                    y[n, c] /= np.sqrt((centred**2).mean()) + layer.epsilon
        return [y]

    return reference


SPECS = [
    (spec(), [(3, 2, 3, 4), (2, 3, 5)]),
    (spec(across_channels=True), [(3, 2, 3, 4), (4, 5)]),
    (spec(normalize_variance=False), [(3, 2, 3, 4), (2, 3, 5)]),
    (spec(normalize_variance=False, across_channels=True), [(3, 2, 3, 4), (4, 5)]),
    (spec(epsilon=0.3), [(3, 2, 3, 4)]),
]
CASES = [LayerCase(s, [shape], mvn(s)) for s, shapes in SPECS for shape in shapes]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Mean 0 and deviation 1 for each channel of each sample, or for each sample."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_elements(dtype):
    """A channel of equal elements gives zeros, and its gradient is finite."""
    rig = Rig(LayerCase(spec(), [np.full((2, 2, 2, 2), 4.0)], mvn(spec())), dtype=dtype)
    results = rig.run()
    np.testing.assert_array_equal(results["top 0"], np.zeros((2, 2, 2, 2)))
    assert np.isfinite(results["diff of bottom 0"]).all()


def test_mistakes():
    """A group of one element cannot be normalised; epsilon is positive."""
    with pytest.raises(ShapeError, match=r"of shape 4×3 single elements.*\n.*across_channels"):
        spec().top_shapes([(4, 3)])
    with pytest.raises(ShapeError, match=r"of shape 4 single elements .*\n.*\(N, C, H, W\)$"):
        spec(across_channels=True).top_shapes([(4,)])
    with pytest.raises(SpecError, match="epsilon"):
        spec(epsilon=0)
