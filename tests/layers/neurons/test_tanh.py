"""Tanh through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import check_layer

from graphnet.layers.neurons.tanh import Tanh

CASES = elementwise_cases(
    (Tanh(name="n", bottoms=("x",)), lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1))
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)
