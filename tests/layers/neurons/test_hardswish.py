"""Hardswish through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases, slopes
from support.layer_case import check_layer

from graphnet.layers.neurons.hardswish import Hardswish

SPEC = Hardswish(name="n", bottoms=("x",))


def hardswish(x):
    return np.where(x <= -3, 0, np.where(x >= 3, x, x * (x + 3) / 6))


CASES = [
    *elementwise_cases((SPEC, hardswish)),
    *elementwise_cases((SPEC, hardswish), between=(-5, 5)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


def test_where_the_pieces_meet():
    """There the gradient is that of the straight pieces; between them that of the parabola."""
    np.testing.assert_allclose(
        slopes(SPEC, [-1e4, -3, -1.5, 0, 1.5, 3, 1e4]), [0, 0, 0, 0.5, 1, 1, 1]
    )
