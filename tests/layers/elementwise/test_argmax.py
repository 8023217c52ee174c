"""Argmax through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.elementwise.argmax import Argmax


def spec(axis=1, **properties):
    return Argmax(name="class", bottoms=("x",), tops=("y",), axis=axis, **properties)


def argmax(axis):
    return lambda bottoms, _: [np.argmax(bottoms[0], axis, keepdims=True)]


def largest(axis, k, *, values=False):
    """By sorting; of equal ones the first come first."""

    def reference(bottoms, _):
        (x,) = bottoms
        order = np.argsort(-x, axis, kind="stable").take(range(k), axis)
        return [np.take_along_axis(x, order, axis) if values else order]

    return reference


CASES = [
    LayerCase(spec(), [(6, 4)], argmax(1)),
    LayerCase(spec(), [(2, 5, 3, 2)], argmax(1)),
    LayerCase(spec(2), [(2, 3, 5, 2)], argmax(2), label="axis 2"),
    LayerCase(spec(-1), [(2, 3, 4)], argmax(2), label="axis -1"),
    LayerCase(spec(), [(2, 1)], argmax(1)),
    LayerCase(spec(), [np.array([[1.0, 2, 2], [3, 3, 3]])], argmax(1), label="ties"),
    LayerCase(spec(values=True), [(2, 5, 3)], largest(1, 1, values=True), label="value"),
    LayerCase(spec(top_k=3), [(4, 5)], largest(1, 3), label="three"),
    LayerCase(spec(top_k=3, values=True), [(4, 3)], largest(1, 3, values=True), label="sorted"),
    LayerCase(spec(2, top_k=2), [(2, 3, 4, 2)], largest(2, 2), label="two rows"),
    LayerCase(
        spec(top_k=3),
        [np.array([[2.0, 1, 2, 1], [0, 0, 0, 0], [1, -np.inf, -np.inf, 0]])],
        largest(1, 3),
        label="ties of three",
    ),
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


def test_more_than_there_are():
    """No place is given twice."""
    with pytest.raises(ShapeError, match="top_k 4 is more than the 3 places along axis 1"):
        spec(top_k=4).top_shapes([(2, 3)])


def test_nan_among_several():
    """The indices are still those of classes, each once."""
    rig = Rig(LayerCase(spec(top_k=3), [np.array([[1.0, 2.0, np.nan]])], None))
    assert sorted(rig.forward()["top 0"].ravel().tolist()) == [0.0, 1.0, 2.0]
