"""Softplus through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.neurons.bnll import BNLL
from graphnet.layers.neurons.softplus import Softplus

SPECS = [Softplus(name="n", bottoms=("x",), beta=beta) for beta in (1.0, 3.0, 0.25)]


def softplus(beta):
    return lambda x: np.log1p(np.exp(beta * x)) / beta


CASES = elementwise_cases(*((spec, softplus(spec.beta)) for spec in SPECS))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.beta}")
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out(spec, dtype):
    """Far out it is 0 or x, and the slopes are 0 and 1."""
    rig = Rig(LayerCase(spec, [np.array([[-1e4, -900.0, 900.0, 1e4]])], None), dtype=dtype)
    made = rig.run()
    np.testing.assert_allclose(made["top 0"], [[0, 0, 900, 1e4]], atol=1e-30)
    np.testing.assert_allclose(
        made["diff of bottom 0"] / rig.projections()[0], [[0, 0, 1, 1]], atol=1e-6
    )


def test_it_is_bnll_where_beta_is_1():
    """Bit for bit."""
    case = [LayerCase(spec, [(7, 5)], None) for spec in (SPECS[0], BNLL(name="n", bottoms=("x",)))]
    made, expected = (Rig(c).run() for c in case)
    for name, value in expected.items():
        np.testing.assert_array_equal(made[name], value)


def test_beta_is_positive():
    """One of 0 would be a constant without an end."""
    with pytest.raises(SpecError, match="beta"):
        Softplus(name="n", beta=0)
