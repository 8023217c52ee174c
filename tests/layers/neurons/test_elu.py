"""ELU through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.neurons.elu import ELU

ALPHAS = (1, 0.3, 1.7, 0)
SPECS = [ELU(name="n", bottoms=("x",), alpha=alpha) for alpha in ALPHAS]


def elu(alpha):
    return lambda x: np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


CASES = elementwise_cases(*((spec, elu(spec.alpha)) for spec in SPECS))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.alpha}")
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out(spec, dtype):
    """Far out it is −alpha or x, and the slopes are 0 and 1."""
    rig = Rig(LayerCase(spec, [np.array([[-1e4, -300.0, 300.0, 1e4]])], None), dtype=dtype)
    results = rig.run()
    low = -spec.alpha
    np.testing.assert_allclose(results["top 0"], [[low, low, 300, 1e4]], atol=1e-9)
    slopes = results["diff of bottom 0"] / rig.projections()[0]
    np.testing.assert_allclose(slopes, [[0, 0, 1, 1]], atol=1e-6)


@pytest.mark.parametrize("alpha", [1.0, 0.3])
def test_gradient_at_zero(alpha):
    """At 0 the gradient is that of the negative side: alpha."""
    rig = Rig(LayerCase(ELU(name="n", alpha=alpha), [np.zeros((1, 2))], None))
    np.testing.assert_allclose(rig.run()["diff of bottom 0"], alpha * rig.projections()[0])


def test_alpha_is_not_negative():
    """A negative alpha has no inverse, so it is refused."""
    with pytest.raises(SpecError, match="alpha"):
        ELU(name="n", alpha=-0.1)
