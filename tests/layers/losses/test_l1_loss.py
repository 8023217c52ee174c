"""L1Loss through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.losses.l1_loss import L1Loss


def spec(**properties):
    return L1Loss(name="loss", bottoms=("a", "b"), **properties)


def distance(weight=1.0):
    def reference(bottoms, _):
        a, b = bottoms
        return weight * np.abs(a - b.reshape(a.shape)).sum() / len(a)

    return reference


CASES = [
    LayerCase(spec(), [(5, 3), (5, 3)], distance()),
    LayerCase(spec(loss_weight=0.7), [(4, 2, 2), (4, 4)], distance(0.7)),
    LayerCase(spec(), [(5, 1), (5,)], distance()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The sum of the distances, mean over the samples."""
    check_layer(case)


def test_equal_numbers():
    """There the gradient is 0."""
    made = Rig(LayerCase(spec(), [np.array([[1.0, 2, 3]]), np.array([[1.0, 0, 5]])], None)).run()
    assert made["diff of bottom 0"].tolist() == [[0, 1, -1]]
    assert made["diff of bottom 1"].tolist() == [[0, -1, 1]]
