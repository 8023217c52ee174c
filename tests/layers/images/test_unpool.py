"""Unpool through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError
from graphnet.layers.images.unpool import Unpool


def spec(*size):
    return Unpool(name="back", bottoms=("x", "mask"), tops=("y",), size=size)


def put_back(height, width):
    """Element by element."""

    def reference(bottoms, _):
        x, mask = bottoms
        y = np.zeros((*x.shape[:2], height * width))
        for n, c, p, q in np.ndindex(x.shape):
            y[n, c, int(mask[n, c, p, q])] = x[n, c, p, q]
        return [y.reshape(*x.shape[:2], height, width)]

    return reference


def mask(shape, n_places):
    """Places that differ within each channel."""
    rng = np.random.default_rng(4)
    made = np.empty((*shape[:2], shape[2] * shape[3]))
    for n, c in np.ndindex(shape[:2]):
        made[n, c] = rng.permutation(n_places)[: made.shape[2]]
    return made.reshape(shape)


CASES = [
    LayerCase(spec(4, 6), [(2, 3, 2, 3), mask((2, 3, 2, 3), 24)], put_back(4, 6)),
    LayerCase(spec(3, 2), [(3, 1, 1, 2), mask((3, 1, 1, 2), 6)], put_back(3, 2)),
    LayerCase(spec(2, 2), [(2, 2, 2, 2), mask((2, 2, 2, 2), 4)], put_back(2, 2), label="full"),
    LayerCase(spec(1, 1), [(1, 1, 1, 1), mask((1, 1, 1, 1), 1)], put_back(1, 1)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each where the mask says; its gradient is that of its place."""
    check_layer(case)


@pytest.mark.parametrize("place", [-1, 6, 1.5, np.nan])
def test_what_is_no_place(place):
    """Is an error, not a write out of bounds."""
    case = LayerCase(spec(2, 3), [(1, 1, 1, 1), np.array([[[[place]]]])], None)
    with pytest.raises(DataError, match=r"no place of 2×3\n  .*0 .* 5"):
        Rig(case).forward()


def test_mistakes():
    """A place for each element."""
    with pytest.raises(ShapeError, match="a mask of shape 2×3×2×1 does not fit"):
        spec(4, 4).top_shapes([(2, 3, 2, 2), (2, 3, 2, 1)])
