"""Identity through the layer harness."""

import pytest
from support.elementwise import elementwise_cases
from support.layer_case import check_layer

from graphnet.layers.neurons.identity import Identity

CASES = elementwise_cases((Identity(name="n", bottoms=("x",)), lambda x: x))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)
