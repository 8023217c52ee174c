"""GroupNorm through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.layers.channelwise.group_norm import GroupNorm


def spec(n_group, **properties):
    return GroupNorm(name="gn", bottoms=("x",), tops=("y",), n_group=n_group, **properties)


def group_norm(n_group, eps=1e-5):
    """Sample by sample and group by group."""

    def reference(bottoms, params):
        (x,) = bottoms
        size = x.shape[1] // n_group
        y = np.empty_like(x)
        for n in range(x.shape[0]):
            for first in range(0, x.shape[1], size):
                part = x[n, first : first + size]
                y[n, first : first + size] = (part - part.mean()) / np.sqrt(part.var() + eps)
        beside = (-1,) + (1,) * (x.ndim - 2)
        scale, bias = params.get("scale", np.ones(1)), params.get("bias", np.zeros(1))
        return [y * scale.reshape(beside) + bias.reshape(beside)]

    return reference


CASES = [
    *(
        LayerCase(spec(g), [s], group_norm(g), label=f"{g} of {s}")
        for g, s in [(1, (3, 2, 4)), (2, (2, 4, 3, 2)), (3, (2, 3, 5)), (2, (4, 6)), (1, (1, 2))]
    ),
    LayerCase(spec(2, affine=False), [(3, 4, 2)], group_norm(2), label="plain"),
    LayerCase(spec(2, epsilon=0.5), [(3, 4, 2)], group_norm(2, 0.5), label="epsilon"),
    LayerCase(spec(2), [(2, 4, 2, 3, 2)], group_norm(2), phase="test", label="test phase"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Mean 0 and variance 1 over groups of channels, then a scale and a bias per channel."""
    check_layer(case)
