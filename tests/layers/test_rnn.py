"""RNN through the layer harness."""

import numpy as np
import pytest
from support.layer_case import check_layer
from support.recurrent import cases

from graphnet.layers.rnn import RNN


def step(x, state, params):
    """One sample."""
    pre = params["weight_x"] @ x + params["weight_h"] @ state["hidden"]
    return {"hidden": np.tanh(pre + params["bias"][: len(pre)])}


@pytest.mark.parametrize("case", cases(RNN, step), ids=str)
def test_layer(case):
    """A tanh of x and of the last h, step by step."""
    check_layer(case)
