"""AbsVal through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases, slopes
from support.layer_case import check_layer

from graphnet.layers.elementwise.abs_val import AbsVal

SPEC = AbsVal(name="f", bottoms=("x",), tops=("y",))
CASES = elementwise_cases((SPEC, lambda x: np.where(x < 0, -x, x)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


def test_gradient_at_zero():
    """At 0 the gradient is 0."""
    assert slopes(SPEC, [-2.0, 0.0, 2.0]) == [-1, 0, 1]
