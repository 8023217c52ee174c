"""Exp and Log through the layer harness, and as properties."""

import numpy as np
import pytest
from pydantic import TypeAdapter
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.neurons.exp_log import Exp, Log
from graphnet.layers.neurons.neurons import AnyNeuron

ENDS = {"name": "n", "bottoms": ("x",)}

EXPS = [
    (Exp(**ENDS), np.exp),
    (Exp(**ENDS, base=2), lambda x: 2**x),
    (Exp(**ENDS, base=0.5, scale=-1.5, shift=0.3), lambda x: 0.5 ** (0.3 - 1.5 * x)),
    (Exp(**ENDS, base=1), np.ones_like),
]
LOGS = [
    (Log(**ENDS), np.log),
    (Log(**ENDS, base=2), np.log2),
    (Log(**ENDS, base=0.1, scale=3, shift=0.2), lambda x: -np.log10(0.2 + 3 * x)),
    (Log(**ENDS, scale=-1, shift=4), lambda x: np.log(4 - x)),
]
CASES = [
    LayerCase(spec, [values], lambda bottoms, _, f=formula: [f(bottoms[0])])
    for formulas, low in ((EXPS, -2), (LOGS, 0.1))
    for spec, formula in formulas
    for values in [
        np.random.default_rng(2).uniform(low, 2, s) for s in [(4, 3), (2, 3, 2, 2), (2,)]
    ]
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.base}")
def test_layer(case):
    """Each computes its formula, element by element."""
    check_layer(case)


def test_inverse():
    """A Log undoes the Exp of the same base."""
    x = np.linspace(-2, 2, 8).reshape(2, 4)
    exp = Rig(LayerCase(Exp(**ENDS, base=3), [x], lambda _b, _p: [])).forward()["top 0"]
    log = Rig(LayerCase(Log(**ENDS, base=3), [exp], lambda _b, _p: [])).forward()["top 0"]
    np.testing.assert_allclose(log, x, atol=1e-12)


def test_as_properties():
    """``neuron: Exp`` is short for ``neuron: {type: Exp}``."""
    neuron = TypeAdapter(AnyNeuron)
    assert neuron.validate_python("Exp") == Exp()
    assert neuron.validate_python({"type": "Log", "base": 2}) == Log(base=2)


@pytest.mark.parametrize("spec", [Exp, Log])
def test_bases_are_positive(spec):
    """A base of 0 or less is refused, and so are logarithms to the base 1."""
    with pytest.raises(SpecError, match="more than 0"):
        spec(**ENDS, base=-1)
    with pytest.raises(SpecError, match="no logarithm to the base 1"):
        Log(**ENDS, base=1)
