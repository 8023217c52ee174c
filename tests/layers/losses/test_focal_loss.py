"""FocalLoss through the layer harness."""

import numpy as np
import pytest
from support.label_losses import LABEL_SHAPES, VARIANTS, label_loss, labels
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.losses.focal_loss import FocalLoss
from graphnet.layers.losses.softmax_loss import SoftmaxLoss


def spec(**properties):
    return FocalLoss(name="loss", bottoms=("x", "label"), **properties)


def focal(gamma=2.0):
    def cost(scores, axis):
        e = np.exp(scores)
        p = e / e.sum(axis, keepdims=True)
        return -((1 - p) ** gamma) * np.log(p)

    return cost


CASES = [
    *(
        LayerCase(s := spec(**v), [shape, label], label_loss(s, focal()), label=f"{v} {shape}",
                  adds_up=up)
        for v, shape, label, up in VARIANTS
    ),
    *(
        LayerCase(s := spec(), [shape, labels(label, shape[1])], label_loss(s, focal()))
        for shape, label in LABEL_SHAPES
    ),
    *(
        LayerCase(s := spec(gamma=g), [(5, 3), labels((5,), 3)], label_loss(s, focal(g)),
                  label=f"gamma {g}")
        for g in (0.0, 0.5, 1.0, 5.0)
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The weighted mean of −(1 − p)^gamma · log p at the labels."""
    check_layer(case)


def test_gamma_0_is_softmax_loss():
    """To the last bits."""
    values = [np.random.default_rng(3).standard_normal((4, 3)), np.array([0.0, 1, 2, 1])]
    plain = SoftmaxLoss(name="loss", bottoms=("x", "label"))
    found, expected = (Rig(LayerCase(s, values, None)).run() for s in (spec(gamma=0), plain))
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_large_scores(dtype, gamma):
    """What is certain costs nothing if it is right, and all there is if it is wrong."""
    x = np.array([[1e4, 0.0], [-1e4, 1e4]])
    made = Rig(LayerCase(spec(gamma=gamma), [x, np.array([1.0, 1.0])], None), dtype=dtype).run()
    assert made["loss"] == 5e3
    np.testing.assert_allclose(made["diff of bottom 0"], [[0.5, -0.5], [0, 0]], atol=1e-30)
