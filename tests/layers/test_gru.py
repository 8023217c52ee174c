"""GRU through the layer harness."""

import numpy as np
import pytest
from support.layer_case import check_layer
from support.recurrent import cases, sigmoid

from graphnet.layers.gru import GRU


def step(x, state, params):
    """One sample, the gates written out."""
    h = state["hidden"]
    size = len(h)
    x_r, x_z, x_n = np.split(params["weight_x"] @ x, 3)
    h_r, h_z, h_n = np.split(params["weight_h"] @ h, 3)
    b_r, b_z, b_n, b_u = np.split(params["bias"][: 4 * size], 4)
    r, z = sigmoid(x_r + h_r + b_r), sigmoid(x_z + h_z + b_z)
    candidate = np.tanh(x_n + b_n + r * (h_n + b_u))
    return {"hidden": (1 - z) * candidate + z * h}


@pytest.mark.parametrize("case", cases(GRU, step), ids=str)
def test_layer(case):
    """Reset and update gate, the candidate and the mean of both, step by step."""
    check_layer(case)
