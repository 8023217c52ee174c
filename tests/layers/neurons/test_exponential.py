"""Exponential through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import check_layer

from graphnet.layers.neurons.exponential import Exponential

CASES = elementwise_cases((Exponential(name="n", bottoms=("x",)), np.exp))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)
