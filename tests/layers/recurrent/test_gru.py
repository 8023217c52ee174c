"""GRU through the layer harness."""

import pytest
from support.layer_case import check_layer
from support.recurrent import cases

from graphnet.layers.recurrent.gru import GRU


@pytest.mark.parametrize("case", cases(GRU), ids=str)
def test_layer(case):
    """Reset and update gate, the candidate and the mean of both, step by step."""
    check_layer(case)
