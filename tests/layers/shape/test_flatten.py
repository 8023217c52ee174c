"""Flatten through the layer harness."""

import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.shape.flatten import Flatten


def spec(**properties):
    return Flatten(name="flat", bottoms=("x",), tops=("y",), **properties)


def to(*shape):
    """The bottom in that shape."""
    return lambda bottoms, _: [bottoms[0].reshape(shape)]


CASES = [
    LayerCase(spec(), [(2, 3, 4, 5)], to(2, 60)),
    LayerCase(spec(), [(4, 3)], to(4, 3)),
    LayerCase(spec(axis=2), [(2, 3, 4, 5)], to(2, 3, 20), label="rows and columns"),
    LayerCase(spec(end_axis=2), [(2, 3, 4, 5)], to(2, 12, 5), label="channels and rows"),
    LayerCase(spec(axis=-2, end_axis=-2), [(2, 3, 4, 5)], to(2, 3, 4, 5), label="one axis"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The elements keep their order."""
    check_layer(case)


def test_mistakes():
    """The axes must be there, in order, and leave the batch alone."""
    with pytest.raises(ShapeError, match="axis 3 lies behind end_axis 2"):
        spec(axis=3, end_axis=2).top_shapes([(2, 3, 4, 5)])
    with pytest.raises(ShapeError, match="a bottom of shape 2 has no axis but the batch axis"):
        spec().top_shapes([(2,)])
    with pytest.raises(SpecError, match="axis 0 is the batch axis"):
        spec(axis=0)
