"""Slice through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.shape.slice import Slice


def spec(n_tops, **properties):
    tops = tuple(f"y{i}" for i in range(n_tops))
    return Slice(name="slice", bottoms=("x",), tops=tops, **properties)


def parts(axis, sizes):
    """Index by index."""

    def reference(bottoms, _):
        (x,), taken, tops = bottoms, 0, []
        for size in sizes:
            tops.append(np.take(x, range(taken, taken + size), axis))
            taken += size
        return tops

    return reference


CASES = [
    LayerCase(spec(2), [(3, 4)], parts(1, [2, 2])),
    LayerCase(spec(3), [(2, 3, 2, 2)], parts(1, [1, 1, 1])),
    LayerCase(spec(1), [(2, 3)], parts(1, [3]), label="one"),
    LayerCase(spec(2, axis=2), [(2, 3, 4, 2)], parts(2, [2, 2]), label="rows"),
    LayerCase(spec(2, axis=-1), [(2, 3, 2, 4)], parts(3, [2, 2]), label="columns"),
    LayerCase(spec(3, slice_points=[1, 4]), [(2, 5, 2)], parts(1, [1, 3, 1]), label="points"),
    LayerCase(
        spec(2, axis=-2, slice_points=[3]), [(2, 2, 4, 3)], parts(2, [3, 1]), label="row points"
    ),
    LayerCase(spec(1, slice_points=[]), [(2, 3)], parts(1, [3]), label="no points"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each top is its part of the bottom; one without a gradient sends zeros."""
    check_layer(case)


def test_mistakes():
    """Points must rise, fit the axis and the number of tops."""
    with pytest.raises(ShapeError, match=r"the 5 places .* 2×5 cannot be cut into 2 equal parts"):
        spec(2).top_shapes([(2, 5)])
    with pytest.raises(ShapeError, match="axis 1 of a bottom of shape 2×0×3 has no places"):
        spec(2).top_shapes([(2, 0, 3)])
    with pytest.raises(ShapeError, match=r"slice_points \[2, 5\] go beyond axis 1.*\n.*than 5"):
        spec(3, slice_points=[2, 5]).top_shapes([(2, 5)])
    with pytest.raises(SpecError, match=r"slice_points \[2, 2\] must rise"):
        spec(3, slice_points=[2, 2])
    with pytest.raises(SpecError, match="1 slice_points cut into 2 parts, but there are 3"):
        spec(3, slice_points=[2])
    with pytest.raises(SpecError, match="axis 0 is the batch axis"):
        spec(2, axis=0)
