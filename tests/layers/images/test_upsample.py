"""Upsample through the layer harness."""

import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.upsample import Upsample


def spec(scale):
    return Upsample(name="up", bottoms=("x",), tops=("y",), scale=scale)


def repeated(tall, wide):
    return lambda bottoms, _: [bottoms[0].repeat(tall, axis=2).repeat(wide, axis=3)]


CASES = [
    LayerCase(spec(2), [(2, 3, 2, 3)], repeated(2, 2)),
    LayerCase(spec([3, 1]), [(2, 1, 2, 2)], repeated(3, 1), label="rows"),
    LayerCase(spec([1, 4]), [(1, 2, 3, 1)], repeated(1, 4), label="columns"),
    LayerCase(spec(1), [(2, 2, 2, 2)], repeated(1, 1), label="same"),
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
