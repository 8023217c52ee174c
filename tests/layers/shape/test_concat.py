"""Concat through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.shape.concat import Concat


def spec(n, **properties):
    names = tuple(f"x{i}" for i in range(n))
    return Concat(name="cat", bottoms=names, tops=("y",), **properties)


def concat(axis):
    return lambda bottoms, _: [np.concatenate(bottoms, axis)]


CASES = [
    LayerCase(spec(2), [(4, 2), (4, 3)], concat(1)),
    LayerCase(spec(1), [(4, 2)], concat(1)),
    LayerCase(spec(3), [(2, 1, 3, 2), (2, 4, 3, 2), (2, 2, 3, 2)], concat(1)),
    LayerCase(spec(2, axis=2), [(2, 3, 1, 2), (2, 3, 4, 2)], concat(2), label="axis 2"),
    LayerCase(spec(2, axis=-1), [(2, 3, 2, 1), (2, 3, 2, 3)], concat(3), label="axis -1"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The bottoms one after another; each takes its part of the gradient."""
    check_layer(case)


def test_sizes_must_agree():
    """All other axes must have equal sizes."""
    message = r"3×2×5 and 3×4×6 cannot be put one after another along axis 1\n  expected equal"
    with pytest.raises(ShapeError, match=message):
        spec(2).top_shapes([(3, 2, 5), (3, 4, 6)])
    with pytest.raises(ShapeError, match=r"3×2×5 and 3×2 cannot"):
        spec(2).top_shapes([(3, 2, 5), (3, 2)])
    with pytest.raises(ShapeError, match=r"axis 3 is none of a sample's axes"):
        spec(2, axis=3).top_shapes([(3, 2, 5), (3, 2, 5)])


def test_batch_axis_is_refused():
    """Batches cannot be put one after another: their size is the net's."""
    with pytest.raises(SpecError, match="axis 0 is the batch axis"):
        spec(2, axis=0)
