"""Argmax through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.elementwise.argmax import Argmax


def spec(axis=1):
    return Argmax(name="class", bottoms=("x",), tops=("y",), axis=axis)


def argmax(axis):
    return lambda bottoms, _: [np.argmax(bottoms[0], axis, keepdims=True)]


CASES = [
    LayerCase(spec(), [(6, 4)], argmax(1)),
    LayerCase(spec(), [(2, 5, 3, 2)], argmax(1)),
    LayerCase(spec(2), [(2, 3, 5, 2)], argmax(2), label="axis 2"),
    LayerCase(spec(-1), [(2, 3, 4)], argmax(2), label="axis -1"),
    LayerCase(spec(), [(2, 1)], argmax(1)),
    LayerCase(spec(), [np.array([[1.0, 2, 2], [3, 3, 3]])], argmax(1), label="ties"),
    LayerCase(spec(), [np.array([[1, np.inf], [-np.inf, -np.inf]])], argmax(1), label="infinite"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The index of the first maximum, with the axis kept."""
    check_layer(case)


def test_nan_gives_zero():
    """Where an element is NaN the index is still one of a class."""
    rig = Rig(LayerCase(spec(), [np.array([[1.0, 2.0, np.nan]])], None))
    assert rig.forward()["top 0"].tolist() == [[0.0]]


def test_no_gradient():
    """Nothing below it learns through it."""
    assert spec().differentiable(1) == ()
