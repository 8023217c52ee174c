"""Sigmoid through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import check_layer

from graphnet.layers.neurons.sigmoid import Sigmoid

CASES = elementwise_cases((Sigmoid(name="n", bottoms=("x",)), lambda x: 1 / (1 + np.exp(-x))))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)
