"""Swish through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.neurons.swish import Swish

ENDS = {"name": "f", "bottoms": ("x",), "tops": ("y",)}
CASES = elementwise_cases(
    (Swish(**ENDS), lambda x: x / (1 + np.exp(-x))),
    (Swish(**ENDS, beta=2.5), lambda x: x / (1 + np.exp(-2.5 * x))),
    (Swish(**ENDS, beta=-1.0), lambda x: x / (1 + np.exp(x))),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_does_not_overflow(dtype):
    """The largest numbers neither overflow nor warn."""
    case = LayerCase(Swish(**ENDS, beta=3), [np.array([[-1e4, 0.0, 1e4]])], None)
    results = Rig(case, dtype=dtype).run()
    assert results["top 0"].tolist() == [[0, 0, 1e4]]
    assert np.isfinite(results["diff of bottom 0"]).all()
