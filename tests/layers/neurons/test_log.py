"""Log through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.neurons.exp import Exp
from graphnet.layers.neurons.log import Log

ENDS = {"name": "n", "bottoms": ("x",)}
CASES = elementwise_cases(
    (Log(**ENDS), np.log),
    (Log(**ENDS, base=2), np.log2),
    (Log(**ENDS, base=0.1, scale=3, shift=0.2), lambda x: -np.log10(0.2 + 3 * x)),
    (Log(**ENDS, scale=-1, shift=4), lambda x: np.log(4 - x)),
    between=(0.1, 2),
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.base}")
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


def test_inverse():
    """It undoes the Exp of the same base."""
    x = np.linspace(-2, 2, 8).reshape(2, 4)
    exp = Rig(LayerCase(Exp(**ENDS, base=3), [x], None)).forward()["top 0"]
    log = Rig(LayerCase(Log(**ENDS, base=3), [exp], None)).forward()["top 0"]
    np.testing.assert_allclose(log, x, atol=1e-12)


def test_base_is_positive_and_not_1():
    """A base of 0 or less is refused, and so are logarithms to the base 1."""
    with pytest.raises(SpecError, match="more than 0"):
        Log(**ENDS, base=-1)
    with pytest.raises(SpecError, match="no logarithm to the base 1"):
        Log(**ENDS, base=1)
