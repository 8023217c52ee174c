"""Exp through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import check_layer

from graphnet.errors import SpecError
from graphnet.layers.neurons.exp import Exp

ENDS = {"name": "n", "bottoms": ("x",)}
CASES = elementwise_cases(
    (Exp(**ENDS), np.exp),
    (Exp(**ENDS, base=2), lambda x: 2**x),
    (Exp(**ENDS, base=0.5, scale=-1.5, shift=0.3), lambda x: 0.5 ** (0.3 - 1.5 * x)),
    (Exp(**ENDS, base=1), np.ones_like),
    between=(-2, 2),
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.base}")
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


def test_base_is_positive():
    """A base of 0 or less is refused."""
    with pytest.raises(SpecError, match="more than 0"):
        Exp(**ENDS, base=-1)
