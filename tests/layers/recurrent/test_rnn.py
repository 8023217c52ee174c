"""RNN through the layer harness."""

import pytest
from support.layer_case import check_layer
from support.recurrent import cases

from graphnet.layers.recurrent.rnn import RNN


@pytest.mark.parametrize("case", cases(RNN), ids=str)
def test_layer(case):
    """A tanh of x and of the last h, step by step."""
    check_layer(case)
