"""HingeLoss through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.losses.hinge_loss import HingeLoss


def spec(**properties):
    return HingeLoss(name="loss", bottoms=("p", "y"), **properties)


def signs(shape):
    return np.random.default_rng(13).choice([-1.0, 1.0], shape)


def hinge(weight=1.0):
    def reference(bottoms, _):
        p, y = bottoms
        return weight * np.maximum(0, 1 - p * y.reshape(p.shape)).sum() / len(p)

    return reference


CASES = [
    LayerCase(spec(), [(5, 3), signs((5, 3))], hinge()),
    LayerCase(spec(loss_weight=0.7), [(4, 2, 2), signs((4, 2, 2))], hinge(0.7)),
    LayerCase(spec(), [(5, 1), signs((5,))], hinge()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """What is missing to the margin, mean over the samples."""
    check_layer(case)


def test_beyond_the_margin():
    """At and beyond the margin there is neither cost nor gradient."""
    values = [np.array([[1.0, -1.0, 5.0]]), np.array([[1.0, -1.0, 1.0]])]
    results = Rig(LayerCase(spec(), values, None)).run()
    assert all(not value.any() for value in results.values())
