"""HuberLoss through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.losses.huber_loss import HuberLoss


def spec(**properties):
    return HuberLoss(name="loss", bottoms=("a", "b"), **properties)


def huber(delta=1.0, weight=1.0):
    def reference(bottoms, _):
        a, b = bottoms
        total = 0.0
        for d in np.abs(a.reshape(-1) - b.reshape(-1)):
            total += d * d / 2 if d <= delta else delta * (d - delta / 2)
        return weight * total / len(a)

    return reference


CASES = [
    LayerCase(spec(), [(5, 3), (5, 3)], huber()),
    LayerCase(spec(delta=0.3), [(4, 2, 2), (4, 4)], huber(0.3)),
    LayerCase(spec(delta=2.5, loss_weight=0.7), [(5, 1), (5,)], huber(2.5, 0.7)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """A parabola, and straight lines beyond it."""
    check_layer(case)


def test_far_from_the_target():
    """The slope is delta at most, and large distances do not overflow."""
    a = np.array([[-1e30, -2.0, 0.25, 0.0, 1e30]])
    made = Rig(LayerCase(spec(delta=0.5), [a, np.zeros((1, 5))], None), dtype=np.float32).run()
    np.testing.assert_allclose(made["diff of bottom 0"], [[-0.5, -0.5, 0.25, 0, 0.5]])
    assert made["loss"] == pytest.approx(1e30)


def test_delta_is_positive():
    """With 0 it would cost nothing anywhere."""
    with pytest.raises(SpecError, match="delta"):
        spec(delta=0)
