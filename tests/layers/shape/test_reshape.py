"""Reshape through the layer harness."""

import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.shape.reshape import Reshape


def spec(*shape):
    return Reshape(name="reshape", bottoms=("x",), tops=("y",), shape=shape)


def reshape(*shape):
    return lambda bottoms, _: [bottoms[0].reshape(len(bottoms[0]), *shape)]


CASES = [
    LayerCase(spec(2, 3), [(4, 6)], reshape(2, 3)),
    LayerCase(spec(12), [(2, 3, 2, 2)], reshape(12)),
    LayerCase(spec(-1), [(2, 3, 2, 2)], reshape(12), label="rest"),
    LayerCase(spec(2, -1, 2), [(3, 8)], reshape(2, 2, 2), label="rest in the middle"),
    LayerCase(spec(), [(3, 1)], reshape(), label="no axis left"),
    LayerCase(spec(1), [(3,)], reshape(1), label="an axis added"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The elements of each sample in their order, in another shape."""
    check_layer(case)


def test_top_is_a_view():
    """What is written to the bottom is seen in the top."""
    rig = Rig(LayerCase(spec(3, 2), [(2, 6)], None))
    rig.bottoms[0].data[1, 3] = 7.0
    assert rig.tops[0].data[1, 1, 1] == 7.0


@pytest.mark.parametrize("shape", [(4,), (2, -1), (7, 1)])
def test_elements_must_fit(shape):
    """The number of elements of a sample stays."""
    message = r"shape 3×5×3 has 15 elements a sample, which do not fit into shape \["
    with pytest.raises(ShapeError, match=message):
        spec(*shape).top_shapes([(3, 5, 3)])


@pytest.mark.parametrize("shape", [(0, 3), (-1, -1), (2, -2)])
def test_sizes_are_positive(shape):
    """A size is positive, or −1 once."""
    with pytest.raises(SpecError, match=r"expected positive sizes, of which one may be −1"):
        spec(*shape)
