"""Permute through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.shape.permute import Permute


def spec(*axes):
    return Permute(name="order", bottoms=("x",), tops=("y",), axes=axes)


def permuted(*axes):
    return lambda bottoms, _: [np.transpose(bottoms[0], (0, *axes))]


CASES = [
    LayerCase(spec(*axes), [shape], permuted(*axes), label=str(axes))
    for axes, shape in [
        ((2, 3, 1), (2, 3, 4, 5)),
        ((3, 1, 2), (3, 2, 4, 3)),
        ((1, 3, 2), (2, 3, 1, 4)),
        ((1, 2, 3), (2, 3, 2, 2)),
        ((2, 1), (3, 4, 2)),
        ((1,), (4, 3)),
    ]
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """NumPy's transpose of each sample."""
    check_layer(case)


@pytest.mark.parametrize("axes", [(1, 1), (2, 3), (1, 3), ()])
def test_axes_that_are_no_order(axes):
    """Each axis once."""
    if not axes:
        assert spec().top_shapes([(3,)]) == [(3,)]
        return
    with pytest.raises(SpecError, match=r"are no order of a sample's axes\n  expected each of 1"):
        spec(*axes)


def test_the_batch_axis_stays():
    """It is no axis of a sample."""
    with pytest.raises(SpecError, match="axes"):
        spec(0, 2, 1)


def test_bottom_of_other_axes():
    """As many as there are."""
    with pytest.raises(ShapeError, match=r"shape 2×3×4\n  expected 2 of them"):
        spec(2, 3, 1).top_shapes([(2, 3, 4)])
