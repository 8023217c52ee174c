"""PixelUnshuffle through the layer harness, and there and back."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

import graphnet as gn
from graphnet.errors import ShapeError
from graphnet.layers.images.pixel_unshuffle import PixelUnshuffle


def spec(scale, **properties):
    return PixelUnshuffle(name="small", bottoms=("x",), tops=("y",), scale=scale, **properties)


def unshuffled(tall, wide, order="channel"):
    """Pixel by pixel."""

    def reference(bottoms, _):
        (x,) = bottoms
        n, channels, height, width = x.shape
        y = np.empty((n, channels * tall * wide, height // tall, width // wide))
        for c, p, q in np.ndindex(x.shape[1:]):
            place = p % tall * wide + q % wide
            of = c * tall * wide + place if order == "channel" else place * channels + c
            y[:, of, p // tall, q // wide] = x[:, c, p, q]
        return [y]

    return reference


CASES = [
    LayerCase(spec(2), [(2, 2, 4, 6)], unshuffled(2, 2)),
    LayerCase(spec(2, order="place"), [(2, 2, 4, 6)], unshuffled(2, 2, "place"), label="place"),
    LayerCase(spec([3, 1]), [(2, 1, 3, 2)], unshuffled(3, 1), label="rows"),
    LayerCase(spec([1, 2], order="place"), [(1, 3, 3, 2)], unshuffled(1, 2, "place"), label="wide"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each pixel of a block has a channel."""
    check_layer(case)


@pytest.mark.parametrize("order", ["channel", "place"])
def test_there_and_back(order):
    """PixelShuffle undoes it."""
    keys = f"scale: [2, 3], order: {order}"
    net = gn.load_net(f"""\
layers:
  - {{name: in, type: Input, batch_size: 2, shapes: {{x: [3, 4, 6]}}, tops: [x]}}
  - {{name: small, type: PixelUnshuffle, {keys}, bottoms: [x], tops: [small]}}
  - {{name: large, type: PixelShuffle, {keys}, bottoms: [small], tops: [large]}}
""")
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 6)).astype(np.float32)
    np.testing.assert_array_equal(net.predict({"x": x})["large"], x)


def test_mistakes():
    """Images of whole blocks."""
    with pytest.raises(ShapeError, match="is no batch of images"):
        spec(2).top_shapes([(2, 4, 4)])
    for sides in ((3, 4), (4, 3)):
        with pytest.raises(ShapeError, match=r"no whole blocks of 2×2 .*\n .*Pad or Crop"):
            spec(2).top_shapes([(2, 1, *sides)])
