"""What all neurons share: NaNs, the largest numbers, and their place as a property."""

from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter
from support.layer_case import LayerCase, Rig

from graphnet.layers.neurons.any_neuron import AnyNeuron

NEURONS = {spec.__name__: spec for spec in get_args(get_args(AnyNeuron)[0])}
GROWING = ("Exp", "Exponential")  # what has no bound overflows
SPECS = [
    *[neuron(name="n", bottoms=("x",)) for neuron in NEURONS.values()],
    *[NEURONS["ReLU"](name="n", bottoms=("x",), epsilon=e) for e in (0.3, -0.2)],
    NEURONS["LReLU"](name="n", bottoms=("x",), slope=0.5),
    *[NEURONS["ELU"](name="n", bottoms=("x",), alpha=a) for a in (0, 0.3, 1.7)],
]


@pytest.mark.parametrize("spec", [s for s in SPECS if s.type not in (*GROWING, "Log")], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_values(spec, dtype):
    """The largest numbers neither overflow nor warn; their gradient is finite."""
    extreme = np.array([[-1e4, -300.0, -100.0, -0.0, 0.0, 100.0, 300.0, 1e4]])
    results = Rig(LayerCase(spec, [extreme], lambda *_: []), dtype=dtype).run()
    assert np.isfinite(results["top 0"]).all()
    assert np.isfinite(results["diff of bottom 0"]).all()


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_nan_stays_nan(spec):
    """A NaN is passed on, forward and backward, so that divergence is seen where it begins."""
    rig = Rig(LayerCase(spec, [np.array([[1.0, np.nan]])], lambda *_: []))
    assert np.isnan(rig.forward()["top 0"]).tolist() == [[False, True]]
    if spec.type != "Identity":
        assert np.isnan(rig.backward()["diff of bottom 0"]).tolist() == [[False, True]]


@pytest.mark.parametrize("name", NEURONS)
def test_as_a_property(name):
    """``neuron: ReLU`` is short for ``neuron: {type: ReLU}``."""
    neuron = TypeAdapter(AnyNeuron)
    assert neuron.validate_python(name) == neuron.validate_python({"type": name})
    assert neuron.validate_python(name) == NEURONS[name]()


def test_a_property_with_properties():
    """``neuron: {type: ELU, alpha: 0.5}`` gives it those of its layer."""
    neuron = TypeAdapter(AnyNeuron)
    assert neuron.validate_python({"type": "ELU", "alpha": 0.5}) == NEURONS["ELU"](alpha=0.5)
    assert neuron.validate_python({"type": "Log", "base": 2}) == NEURONS["Log"](base=2)
