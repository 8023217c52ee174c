"""StopGradient through the layer harness, and in a net."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.layers.shape.stop_gradient import StopGradient
from graphnet.net.load_net import load_net

SPEC = StopGradient(name="stop", bottoms=("x",), tops=("y",))
CASES = [
    LayerCase(SPEC, [shape], lambda bottoms, _: [bottoms[0]])
    for shape in [(2, 3, 2, 2), (3, 4), (5,)]
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The bottom."""
    check_layer(case)


def test_in_a_net():
    """What is below learns by the other way alone; what has no other way does not learn."""
    layers = [
        {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": [3]}, "tops": ["x"]},
        {"name": "bias", "type": "Bias", "bottoms": ["x"], "tops": ["y"]},
        {"name": "stop", "type": "StopGradient", "bottoms": ["y"], "tops": ["fixed"]},
        {"name": "product", "type": "ElementWise", "operation": "Multiply",
         "bottoms": ["y", "fixed"], "tops": ["z"]},
        {"name": "loss", "type": "SumLoss", "bottoms": ["z"]},
    ]  # fmt: skip
    net = load_net(layers, "train", dtype="float64")
    values = np.array([[1.0, 2, 3], [4, 5, 6]])
    net.blobs["x"].data = values
    net.forward()
    net.backward()
    np.testing.assert_allclose(net.params["bias"]["bias"].diff, values.mean(axis=0))
    assert net.blobs["fixed"].diff is None
