"""Upsample through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.upsample import Upsample


def spec(scale=None, **properties):
    return Upsample(name="up", bottoms=("x",), tops=("y",), scale=scale, **properties)


def repeated(tall, wide):
    return lambda bottoms, _: [bottoms[0].repeat(tall, axis=2).repeat(wide, axis=3)]


def nearest(height, width):
    """Pixel by pixel."""

    def reference(bottoms, _):
        (x,) = bottoms
        y = np.empty((*x.shape[:2], height, width))
        for p, q in np.ndindex(height, width):
            y[:, :, p, q] = x[:, :, p * x.shape[2] // height, q * x.shape[3] // width]
        return [y]

    return reference


CASES = [
    LayerCase(spec(2), [(2, 3, 2, 3)], repeated(2, 2)),
    LayerCase(spec([3, 1]), [(2, 1, 2, 2)], repeated(3, 1), label="rows"),
    LayerCase(spec([1, 4]), [(1, 2, 3, 1)], repeated(1, 4), label="columns"),
    LayerCase(spec(1), [(2, 2, 2, 2)], repeated(1, 1), label="same"),
    LayerCase(spec(size=[5, 7]), [(2, 2, 3, 4)], nearest(5, 7), label="any size"),
    LayerCase(spec(size=[2, 3]), [(2, 2, 5, 7)], nearest(2, 3), label="smaller"),
    LayerCase(spec(size=[7, 2]), [(1, 1, 3, 5)], nearest(7, 2), label="both"),
    LayerCase(spec(size=[6, 4]), [(2, 1, 3, 4)], nearest(6, 4), label="whole factors"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each pixel again and again; its gradient is the sum over them."""
    check_layer(case)


def test_mistakes():
    """Images, and whole factors."""
    with pytest.raises(ShapeError, match="is no batch of images"):
        spec(2).top_shapes([(2, 3, 4)])
    for scale in (0, 1.5):
        with pytest.raises(SpecError, match="scale"):
            spec(scale)
    with pytest.raises(SpecError, match=r"found neither 'scale' nor 'size'\n  expected one"):
        spec()
    with pytest.raises(SpecError, match="found 'scale' and 'size'"):
        spec(2, size=4)
    with pytest.raises(ShapeError, match="at most 65,536"):
        spec(size=[70_000, 1]).top_shapes([(1, 1, 3, 1)])
