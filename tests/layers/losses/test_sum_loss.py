"""SumLoss through the layer harness, and in a net."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.layers.losses.sum_loss import SumLoss
from graphnet.net.load_net import load_net


def spec(**properties):
    return SumLoss(name="loss", bottoms=("x",), **properties)


def mean_of_sums(weight=1.0):
    return lambda bottoms, _: weight * bottoms[0].sum() / len(bottoms[0])


CASES = [
    LayerCase(spec(), [(4, 3)], mean_of_sums()),
    LayerCase(spec(loss_weight=-0.3), [(3, 2, 2, 3)], mean_of_sums(-0.3)),
    LayerCase(spec(loss_weight=0), [(2, 5)], mean_of_sums(0)),
    LayerCase(spec(loss_weight=2), [(4,)], mean_of_sums(2)),
    LayerCase(spec(), [(1, 1)], mean_of_sums()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The mean over the samples of what their elements add up to."""
    check_layer(case)


def test_in_a_net():
    """What lies below it learns, beside others that read the same blob."""
    net = load_net(
        [
            {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": [3]}, "tops": ["x"]},
            {"name": "bias", "type": "Bias", "bottoms": ["x"], "tops": ["y"]},
            {"name": "square", "type": "Power", "power": 2, "bottoms": ["y"], "tops": ["z"]},
            {"name": "most", "type": "SumLoss", "loss_weight": -3, "bottoms": ["y"]},
            {"name": "least", "type": "SumLoss", "bottoms": ["z"]},
        ],
        "train",
        dtype="float64",
    )
    net.blobs["x"].data = [[1, 2, 3], [4, 5, 6]]
    net.forward()
    net.backward()
    assert net.losses() == {"most": -3 * 10.5, "least": 45.5}
    np.testing.assert_allclose(net.params["bias"]["bias"].diff, [5 - 3, 7 - 3, 9 - 3])
