"""ELU and BNLL through the layer harness, and as properties."""

import numpy as np
import pytest
from pydantic import TypeAdapter
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.neurons.neurons import AnyNeuron
from graphnet.layers.neurons.smooth_rectifiers import BNLL, ELU


def elu(alpha):
    return lambda x: np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


FORMULAS = [
    (ELU(name="n", bottoms=("x",)), elu(1)),
    (ELU(name="n", bottoms=("x",), alpha=0.3), elu(0.3)),
    (ELU(name="n", bottoms=("x",), alpha=1.7), elu(1.7)),
    (ELU(name="n", bottoms=("x",), alpha=0), elu(0)),
    (BNLL(name="n", bottoms=("x",)), lambda x: np.log(1 + np.exp(x))),
]
CASES = [
    LayerCase(spec, [shape], lambda bottoms, _, f=formula: [f(bottoms[0])])
    for spec, formula in FORMULAS
    for shape in [(4, 3), (2, 3, 4, 5), (1,)]
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{getattr(c.spec, 'alpha', '')}")
def test_layer(case):
    """Each neuron computes its formula, element by element."""
    check_layer(case)


@pytest.mark.parametrize("spec", [f[0] for f in FORMULAS], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_values(spec, dtype):
    """Far out they are 0 or x, nothing overflows, and the slopes are 0 and 1."""
    far_out = np.array([[-1e4, -300.0, 300.0, 1e4]])
    rig = Rig(LayerCase(spec, [far_out], lambda _b, _p: []), dtype=dtype)
    results = rig.run()
    low = -getattr(spec, "alpha", 0)
    np.testing.assert_allclose(results["top 0"], [[low, low, 300, 1e4]], atol=1e-9)
    slopes = results["diff of bottom 0"] / rig.projections()[0]
    np.testing.assert_allclose(slopes, [[0, 0, 1, 1]], atol=1e-6)


def test_small_values_are_exact():
    """Where exp(x) is below the precision of 1, BNLL is exp(x) and not 0."""
    case = LayerCase(BNLL(name="n"), [np.array([[-30.0]])], lambda _b, _p: [])
    np.testing.assert_allclose(Rig(case, dtype=np.float32).run()["top 0"], np.exp(-30), rtol=1e-5)


@pytest.mark.parametrize("alpha", [1.0, 0.3])
def test_gradient_at_zero(alpha):
    """At 0 the gradient of ELU is that of the negative side: alpha."""
    rig = Rig(LayerCase(ELU(name="n", alpha=alpha), [np.zeros((1, 2))], lambda _b, _p: []))
    np.testing.assert_allclose(rig.run()["diff of bottom 0"], alpha * rig.projections()[0])


@pytest.mark.parametrize("spec", [f[0] for f in FORMULAS], ids=repr)
def test_nan_stays_nan(spec):
    """A NaN is passed on, forward and backward."""
    rig = Rig(LayerCase(spec, [np.array([[1.0, np.nan]])], lambda _b, _p: []))
    assert np.isnan(rig.forward()["top 0"]).tolist() == [[False, True]]
    assert np.isnan(rig.backward()["diff of bottom 0"]).tolist() == [[False, True]]


def test_as_properties():
    """``neuron: ELU`` is short for ``neuron: {type: ELU}``."""
    neuron = TypeAdapter(AnyNeuron)
    assert neuron.validate_python("BNLL") == BNLL()
    assert neuron.validate_python({"type": "ELU", "alpha": 0.5}) == ELU(alpha=0.5)


def test_alpha_is_not_negative():
    """A negative alpha has no inverse, so it is refused."""
    with pytest.raises(SpecError, match="alpha"):
        ELU(name="n", alpha=-0.1)
