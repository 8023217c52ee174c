"""Pad through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.pad import Pad


def spec(pad, **properties):
    return Pad(name="pad", bottoms=("x",), tops=("y",), pad=pad, **properties)


def padded(layer):
    """NumPy's own."""
    top, bottom, left, right = layer.pad
    sides = ((0, 0), (0, 0), (top, bottom), (left, right))
    mode = {"zero": "constant", "edge": "edge"}[layer.mode]
    return lambda bottoms, _: [np.pad(bottoms[0], sides, mode)]


def with_value(value):
    return lambda bottoms, _: [
        np.pad(bottoms[0], ((0, 0), (0, 0), (1, 0), (0, 2)), constant_values=value)
    ]


SPECS = [
    spec(pad, mode=mode)
    for mode in ("zero", "edge")
    for pad in (0, 2, [1, 3], [1, 0, 0, 2], [0, 2, 1, 0], [3, 1, 2, 4])
]
CASES = [
    *(LayerCase(s, [(2, 2, 3, 4)], padded(s)) for s in SPECS),
    *(LayerCase(s, [(2, 1, 1, 1)], padded(s)) for s in (spec(1), spec(1, mode="edge"))),
    *(LayerCase(spec([1, 0, 0, 2], value=v), [(2, 2, 3, 4)], with_value(v)) for v in (1.5, -9.0)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.mode}-{c.spec.pad}")
def test_layer(case):
    """Zeros or repeated pixels all round; the gradients of repeated pixels add up."""
    check_layer(case)


def test_default_mode():
    """The border is of zeros."""
    assert spec(1).mode == "zero"


def test_short_forms():
    """One number is that of all sides, two those of height and width."""
    assert spec(2).pad == (2, 2, 2, 2)
    assert spec([1, 3]).pad == (1, 1, 3, 3)
    assert spec([1, 2, 3, 4]).pad == (1, 2, 3, 4)


def test_mistakes():
    """It takes images, and sides that are not negative."""
    with pytest.raises(ShapeError, match="shape 4×3 is no batch of images"):
        spec(1).top_shapes([(4, 3)])
    with pytest.raises(SpecError, match="at least 0"):
        spec([1, -1])
    with pytest.raises(SpecError, match="pad"):
        spec([1, 2, 3])
    with pytest.raises(SpecError, match="'value' has no meaning with mode: edge"):
        spec(1, mode="edge", value=1.0)
    with pytest.raises(SpecError, match="'zero' or 'edge'"):
        spec(1, mode="reflect")
