"""Clip through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases, slopes
from support.layer_case import check_layer

from graphnet.errors import SpecError
from graphnet.layers.elementwise.clip import Clip

ENDS = {"name": "f", "bottoms": ("x",), "tops": ("y",)}
CASES = elementwise_cases(
    (Clip(**ENDS, min=-0.5, max=0.75), lambda x: np.minimum(np.maximum(x, -0.5), 0.75)),
    (Clip(**ENDS, min=0.1, max=0.1), lambda x: np.full_like(x, 0.1)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


def test_gradient_at_the_bounds():
    """The gradient passes at both bounds."""
    assert slopes(Clip(**ENDS, min=-1, max=2), [-1.5, -1.0, 0.0, 2.0, 2.5]) == [0, 1, 1, 1, 0]


def test_bounds_are_checked():
    """Both bounds are needed, and min must not exceed max."""
    with pytest.raises(SpecError, match="max"):
        Clip(**ENDS, min=0)
    with pytest.raises(SpecError, match=r"min \(2.0\) must not exceed max \(1.0\)"):
        Clip(**ENDS, min=2.0, max=1.0)
