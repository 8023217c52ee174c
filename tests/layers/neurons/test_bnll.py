"""BNLL through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.neurons.bnll import BNLL

SPEC = BNLL(name="n", bottoms=("x",))
CASES = elementwise_cases((SPEC, lambda x: np.log(1 + np.exp(x))))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out(dtype):
    """Far out it is 0 or x, and the slopes are 0 and 1."""
    rig = Rig(LayerCase(SPEC, [np.array([[-1e4, -300.0, 300.0, 1e4]])], None), dtype=dtype)
    results = rig.run()
    np.testing.assert_allclose(results["top 0"], [[0, 0, 300, 1e4]], atol=1e-9)
    slopes = results["diff of bottom 0"] / rig.projections()[0]
    np.testing.assert_allclose(slopes, [[0, 0, 1, 1]], atol=1e-6)


def test_small_values_are_exact():
    """Where exp(x) is below the precision of 1, it is exp(x) and not 0."""
    case = LayerCase(SPEC, [np.array([[-30.0]])], None)
    np.testing.assert_allclose(Rig(case, dtype=np.float32).run()["top 0"], np.exp(-30), rtol=1e-5)
