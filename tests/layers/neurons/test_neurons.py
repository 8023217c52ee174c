"""The neurons through the layer harness, and as a property."""

import numpy as np
import pytest
from pydantic import TypeAdapter
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.neurons.neurons import (
    AnyNeuron,
    Exponential,
    Identity,
    LReLU,
    ReLU,
    Sigmoid,
    Tanh,
)

FORMULAS = [
    (ReLU(name="n", bottoms=("x",)), lambda x: np.where(x > 0, x, 0)),
    (ReLU(name="n", bottoms=("x",), epsilon=0.3), lambda x: np.where(x > 0.3, x, 0.3)),
    (ReLU(name="n", bottoms=("x",), epsilon=-0.2), lambda x: np.where(x > -0.2, x, -0.2)),
    (LReLU(name="n", bottoms=("x",)), lambda x: np.where(x > 0, x, 0.01 * x)),
    (LReLU(name="n", bottoms=("x",), slope=0.5), lambda x: np.where(x > 0, x, 0.5 * x)),
    (Sigmoid(name="n", bottoms=("x",)), lambda x: 1 / (1 + np.exp(-x))),
    (Tanh(name="n", bottoms=("x",)), lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1)),
    (Exponential(name="n", bottoms=("x",)), np.exp),
    (Identity(name="n", bottoms=("x",)), lambda x: x),
]
CASES = [
    LayerCase(spec, [shape], lambda bottoms, _, f=formula: [f(bottoms[0])])
    for spec, formula in FORMULAS
    for shape in [(4, 3), (2, 3, 4, 5), (1,)]
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each neuron computes its formula, element by element."""
    check_layer(case)


@pytest.mark.parametrize("spec", [f[0] for f in FORMULAS if f[0].type != "Exponential"], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_values(spec, dtype):
    """The largest numbers neither overflow nor warn; their gradient is finite."""
    extreme = np.array([[-1e4, -100.0, -0.0, 0.0, 100.0, 1e4]])
    case = LayerCase(spec, [extreme], lambda *_: [])
    results = Rig(case, dtype=dtype).run()
    assert np.isfinite(results["top 0"]).all()
    assert np.isfinite(results["diff of bottom 0"]).all()


@pytest.mark.parametrize("spec", [f[0] for f in FORMULAS], ids=repr)
def test_nan_stays_nan(spec):
    """A NaN is passed on, forward and backward, so that divergence is seen where it begins."""
    case = LayerCase(spec, [np.array([[1.0, np.nan]])], lambda *_: [])
    rig = Rig(case)
    assert np.isnan(rig.forward()["top 0"]).tolist() == [[False, True]]
    if spec.type != "Identity":
        assert np.isnan(rig.backward()["diff of bottom 0"]).tolist() == [[False, True]]


@pytest.mark.parametrize("spec", [ReLU(name="n"), LReLU(name="n", slope=0.25)], ids=repr)
def test_gradient_at_zero(spec):
    """At zero the gradient is that of the negative side, as in Mocha and Caffe."""
    case = LayerCase(spec, [np.array([[0.0, -0.0]])], lambda *_: [])
    rig = Rig(case)
    diff = rig.run()["diff of bottom 0"]
    np.testing.assert_array_equal(diff, getattr(spec, "slope", 0.0) * rig.projections()[0])


@pytest.mark.parametrize("name", ["ReLU", "LReLU", "Sigmoid", "Tanh", "Exponential", "Identity"])
def test_as_a_property(name):
    """``neuron: ReLU`` is short for ``neuron: {type: ReLU}``."""
    neuron = TypeAdapter(AnyNeuron)
    assert neuron.validate_python(name) == neuron.validate_python({"type": name})
    assert neuron.validate_python(name).type == name


def test_leaky_slope_is_bounded():
    """A slope outside [0, 1] would make the larger of x and slope · x the wrong one."""
    with pytest.raises(SpecError, match="at most 1"):
        LReLU(name="n", slope=2.0)
    with pytest.raises(SpecError, match="at least 0"):
        LReLU(name="n", slope=-0.1)
