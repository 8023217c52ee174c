"""InstanceNorm through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.layers.channelwise.instance_norm import InstanceNorm


def spec(**properties):
    return InstanceNorm(name="in", bottoms=("x",), tops=("y",), **properties)


def instance_norm(eps=1e-5):
    """Sample by sample and channel by channel."""

    def reference(bottoms, params):
        (x,) = bottoms
        y = np.empty_like(x)
        for place in np.ndindex(x.shape[:2]):
            y[place] = (x[place] - x[place].mean()) / np.sqrt(x[place].var() + eps)
        beside = (-1,) + (1,) * (x.ndim - 2)
        scale, bias = params.get("scale", np.ones(1)), params.get("bias", np.zeros(1))
        return [y * scale.reshape(beside) + bias.reshape(beside)]

    return reference


CASES = [
    *(LayerCase(spec(), [s], instance_norm()) for s in [(3, 2, 4), (2, 3, 3, 2), (1, 2, 2)]),
    LayerCase(spec(affine=False), [(3, 2, 4)], instance_norm(), label="plain"),
    LayerCase(spec(epsilon=0.5), [(3, 2, 4)], instance_norm(0.5), label="epsilon"),
    LayerCase(spec(), [(2, 2, 3)], instance_norm(), phase="test", label="test phase"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Mean 0 and variance 1 per channel and sample, then a scale and a bias per channel."""
    check_layer(case)
