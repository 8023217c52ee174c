"""PixelShuffle through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.pixel_shuffle import PixelShuffle


def spec(scale, **properties):
    return PixelShuffle(name="large", bottoms=("x",), tops=("y",), scale=scale, **properties)


def shuffled(tall, wide, order="channel"):
    """Pixel by pixel."""

    def reference(bottoms, _):
        (x,) = bottoms
        n, packed, height, width = x.shape
        channels = packed // (tall * wide)
        y = np.empty((n, channels, height * tall, width * wide))
        for c, p, q in np.ndindex(y.shape[1:]):
            place = p % tall * wide + q % wide
            of = c * tall * wide + place if order == "channel" else place * channels + c
            y[:, c, p, q] = x[:, of, p // tall, q // wide]
        return [y]

    return reference


CASES = [
    LayerCase(spec(2), [(2, 8, 2, 3)], shuffled(2, 2)),
    LayerCase(spec(2, order="place"), [(2, 8, 2, 3)], shuffled(2, 2, "place"), label="place"),
    LayerCase(spec([3, 1]), [(2, 6, 2, 2)], shuffled(3, 1), label="rows"),
    LayerCase(spec([1, 2], order="place"), [(1, 6, 3, 1)], shuffled(1, 2, "place"), label="wide"),
    LayerCase(spec(1), [(2, 2, 2, 2)], shuffled(1, 1), label="same"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each pixel is one of a channel; its gradient goes there."""
    check_layer(case)


def test_mistakes():
    """Images, whose channels are whole blocks."""
    with pytest.raises(ShapeError, match="is no batch of images"):
        spec(2).top_shapes([(2, 4, 4)])
    with pytest.raises(ShapeError, match=r"6 channels .* no blocks of 2×2 .*\n .* multiple of 4"):
        spec(2).top_shapes([(2, 6, 4, 4)])
    with pytest.raises(ShapeError, match="at most 65,536"):
        spec([1, 70_000]).top_shapes([(1, 70_000, 1, 1)])
    with pytest.raises(SpecError, match="order"):
        spec(2, order="pixel")
