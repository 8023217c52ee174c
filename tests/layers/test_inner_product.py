"""InnerProduct through the layer harness."""

import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.layers.inner_product import InnerProduct


def inner_product(bottoms, params):
    """Sample by sample."""
    (x,) = bottoms
    bias = params.get("bias", 0.0)
    return [[params["weight"] @ sample.ravel() + bias for sample in x]]


def spec(**properties):
    return InnerProduct(name="ip", bottoms=("x",), tops=("y",), **properties)


CASES = [
    LayerCase(spec(output_dim=4), [(3, 2, 3)], inner_product),
    LayerCase(spec(output_dim=1), [(1, 1)], inner_product, label="smallest"),
    LayerCase(spec(output_dim=3, bias=False), [(4, 2, 2, 2)], inner_product, label="no bias"),
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
