"""TakeSamples through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import BatchError, ShapeError
from graphnet.layers.shape.take_samples import TakeSamples


def spec():
    return TakeSamples(name="take", bottoms=("x", "numbers"), tops=("y",))


def taken(bottoms, _):
    return [bottoms[0][bottoms[1].astype(int)]]


CASES = [
    LayerCase(spec(), [(4, 3, 2), np.array([3.0, 0, 0, 2, 3])], taken, label="more"),
    LayerCase(spec(), [(4, 3), np.array([2.0, 1])], taken, label="fewer"),
    LayerCase(spec(), [(3,), np.array([0.0, 2, 2, 1])], taken, label="numbers alone"),
    LayerCase(spec(), [(2, 2, 1, 3), np.array([1.0])], taken, label="one"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """NumPy's own indexing; a sample that is taken twice has two gradients."""
    check_layer(case)


@pytest.mark.parametrize("number", [4.0, -1.0, 0.5, np.nan])
def test_numbers_of_no_sample(number):
    """They are told of with their place."""
    rig = Rig(LayerCase(spec(), [(4, 2), np.array([0.0, number])], taken))
    with pytest.raises(BatchError, match="in place 1, which is no sample of 4"):
        rig.layer.forward()


def test_numbers_of_several_axes():
    """There is one for each sample of the top."""
    with pytest.raises(ShapeError, match="the shape 3×1\n  expected one axis"):
        spec().top_shapes([(4, 2), (3, 1)])
    assert spec().mixes_samples
