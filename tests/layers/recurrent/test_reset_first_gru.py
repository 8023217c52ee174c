"""ResetFirstGRU through the layer harness."""

import numpy as np
import pytest
from support.layer_case import check_layer
from support.recurrent import cases, gru_step, reset_first_step

from graphnet.layers.recurrent.reset_first_gru import ResetFirstGRU


@pytest.mark.parametrize("case", cases(ResetFirstGRU), ids=str)
def test_layer(case):
    """Reset and update gate, the candidate and the mean of both, step by step."""
    check_layer(case)


def test_it_is_another_layer_than_gru():
    """The same params give other numbers: where r stands makes a difference."""
    draw = np.random.default_rng(0)
    state = {"hidden": draw.normal(size=3)}
    params = {"weight_x": draw.normal(size=(9, 2)), "weight_h": draw.normal(size=(9, 3))}
    one = reset_first_step(np.ones(2), state, params | {"bias": np.zeros(9)})
    other = gru_step(np.ones(2), state, params | {"bias": np.zeros(12)})
    assert np.abs(one["hidden"] - other["hidden"]).max() > 1e-2
