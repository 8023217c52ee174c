"""GELU through the layer harness."""

from math import erf

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.neurons.gelu import GELU

EXACT = GELU(name="n", bottoms=("x",))
BY_TANH = GELU(name="n", bottoms=("x",), approximate="tanh")


@np.vectorize
def exact(x):
    return x * (1 + erf(x / 2**0.5)) / 2


def by_tanh(x):
    return x / 2 * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))


CASES = [
    *elementwise_cases((EXACT, exact), (BY_TANH, by_tanh)),
    *elementwise_cases((EXACT, exact), (BY_TANH, by_tanh), between=(-9, 9)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.approximate}")
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 3e-15), (np.float32, 5e-7)])
def test_exact_to_the_last_bits(dtype, error):
    """From far below 0 to far above, relative to the larger of 1 and the value."""
    x = np.linspace(-12, 12, 20_001).astype(dtype).astype(np.float64)[None]
    rig = Rig(LayerCase(EXACT, [x], None), dtype=dtype)
    made = rig.run()
    expected = exact(x)
    assert (np.abs(made["top 0"] - expected) / np.maximum(1, np.abs(x))).max() <= error
    slope = made["diff of bottom 0"] / rig.projections()[0].astype(dtype)
    density = np.exp(-(x**2) / 2) / (2 * np.pi) ** 0.5
    exact_slope = np.vectorize(lambda v: (1 + erf(v / 2**0.5)) / 2)(x) + x * density
    assert np.abs(slope - exact_slope).max() <= 2 * error


@pytest.mark.parametrize("spec", [EXACT, BY_TANH], ids=["none", "tanh"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out(spec, dtype):
    """The largest numbers neither overflow nor warn: 0 or x, with slopes 0 and 1."""
    rig = Rig(LayerCase(spec, [np.array([[-1e30, -1e4, 1e4, 1e30]])], None), dtype=dtype)
    made = rig.run()
    assert made["top 0"].tolist() == [[0, 0, 1e4, dtype(1e30)]]
    slopes = made["diff of bottom 0"] / rig.projections()[0].astype(dtype)
    assert slopes.tolist() == [[0, 0, 1, 1]]
