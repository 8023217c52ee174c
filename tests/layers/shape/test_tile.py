"""Tile through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import SpecError
from graphnet.layers.shape.tile import Tile


def spec(**properties):
    return Tile(name="tile", bottoms=("x",), tops=("y",), **properties)


def tiled(axis, tiles):
    return lambda bottoms, _: [np.concatenate([bottoms[0]] * tiles, axis)]


CASES = [
    LayerCase(spec(tiles=3), [(2, 3, 2, 2)], tiled(1, 3)),
    LayerCase(spec(tiles=2), [(3, 4)], tiled(1, 2)),
    LayerCase(spec(tiles=1), [(3, 4)], tiled(1, 1), label="one"),
    LayerCase(spec(tiles=2, axis=2), [(2, 3, 2, 2)], tiled(2, 2), label="rows"),
    LayerCase(spec(tiles=4, axis=-1), [(2, 3, 2)], tiled(2, 4), label="columns"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The bottom again and again; its gradient is the sum over the tiles."""
    check_layer(case)


def test_mistakes():
    """At least one tile, and not along the batch."""
    with pytest.raises(SpecError, match="tiles"):
        spec(tiles=0)
    with pytest.raises(SpecError, match="axis 0 is the batch axis"):
        spec(tiles=2, axis=0)
