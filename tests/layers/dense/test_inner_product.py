"""InnerProduct through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.dense.inner_product import InnerProduct


def inner_product(bottoms, params):
    """Sample by sample."""
    (x,) = bottoms
    bias = params.get("bias", 0.0)
    return [[params["weight"] @ sample.ravel() + bias for sample in x]]


def at_each_position(axis):
    """Position by position of each sample."""

    def reference(bottoms, params):
        (x,) = bottoms
        weight, bias = params["weight"], params.get("bias", 0.0)
        y = np.empty((*x.shape[:axis], len(weight)))
        for place in np.ndindex(x.shape[:axis]):
            y[place] = weight @ x[place].ravel() + bias
        return [y]

    return reference


def spec(**properties):
    return InnerProduct(name="ip", bottoms=("x",), tops=("y",), **properties)


CASES = [
    LayerCase(spec(output_dim=4), [(3, 2, 3)], inner_product),
    LayerCase(spec(output_dim=1), [(1, 1)], inner_product, label="smallest"),
    LayerCase(spec(output_dim=3, bias=False), [(4, 2, 2, 2)], inner_product, label="no bias"),
    LayerCase(spec(output_dim=4, axis=2), [(3, 5, 2)], at_each_position(2), label="axis 2"),
    LayerCase(spec(output_dim=2, axis=2), [(3, 2, 3, 2)], at_each_position(2), label="of images"),
    LayerCase(
        spec(output_dim=2, axis=-1, bias=False), [(2, 2, 3, 4)], at_each_position(3), label="last"
    ),
    LayerCase(spec(output_dim=3, axis=2), [(1, 1, 1)], at_each_position(2), label="one position"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The product of each flattened sample with the weight, plus the bias."""
    check_layer(case)


def test_counts():
    """Connections are the multiply-adds of a sample plus its biases: LeNet-5's F6 has 10,164."""
    layer = spec(output_dim=84)
    assert layer.macs([(5, 120)]) == 5 * 84 * 120
    assert layer.connections([(5, 120)]) == 10_164
    assert spec(output_dim=84, bias=False).connections([(5, 120)]) == 84 * 120
    assert spec(output_dim=7, axis=2).macs([(5, 3, 4)]) == 5 * 3 * 4 * 7
    assert spec(output_dim=7, axis=2).connections([(5, 3, 4)]) == 3 * (4 + 1) * 7


def test_a_bottom_without_the_axis():
    """It is refused; only the default takes a bottom of single numbers."""
    with pytest.raises(ShapeError, match=r"axis 2 is none of a sample's axes .* shape 3×4\n"):
        spec(output_dim=2, axis=2).top_shapes([(3, 4)])
    assert spec(output_dim=2).top_shapes([(3,)]) == [(3, 2)]
