"""Mish through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.neurons.mish import Mish

SPEC = Mish(name="n", bottoms=("x",))


def mish(x):
    return x * np.tanh(np.log1p(np.exp(x)))


CASES = [
    *elementwise_cases((SPEC, mish)),
    *elementwise_cases((SPEC, mish), between=(-30, 30)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out(dtype):
    """The largest numbers neither overflow nor warn: 0 or x, with slopes 0 and 1."""
    rig = Rig(LayerCase(SPEC, [np.array([[-1e30, -1e4, 1e4, 1e5]])], None), dtype=dtype)
    made = rig.run()
    assert made["top 0"].tolist() == [[0, 0, 1e4, 1e5]]
    slopes = made["diff of bottom 0"] / rig.projections()[0]
    np.testing.assert_allclose(slopes, [[0, 0, 1, 1]], atol=1e-6)
