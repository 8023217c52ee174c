"""Adam against its formula on single numbers."""

from math import sqrt

import numpy as np
import pytest
from support.quadratic import LOCAL_LR, START, by_hand, descend

from graphnet.errors import SpecError
from graphnet.params.regularizers import L2Regu
from graphnet.solver.methods.adam import Adam


def kingma(beta1=0.9, beta2=0.999, epsilon=1e-8):
    """The rule with both corrections in the rate, as in Caffe."""

    def rule(w, g, r, t, history):
        history[0] = beta1 * history[0] + (1 - beta1) * g
        history[1] = beta2 * history[1] + (1 - beta2) * g * g
        rate = r * sqrt(1 - beta2**t) / (1 - beta1**t)
        return w - rate * history[0] / (sqrt(history[1]) + epsilon)

    return rule


def test_first_step_has_the_size_of_the_rate():
    """At t = 1 every element moves by its rate against the sign of its gradient."""
    signs = np.array([1, -1, -1, 1])  # of a·w at the start
    found = descend(Adam(epsilon=1e-30))[0]
    np.testing.assert_allclose(found, START - 0.1 * LOCAL_LR * signs, rtol=1e-12)


@pytest.mark.parametrize(
    "settings", [{}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}, {"beta1": 0.0}]
)
def test_five_updates(settings):
    """The moments, their corrections, epsilon outside them, and local rates."""
    path = descend(Adam(**settings))
    np.testing.assert_allclose(path, by_hand(kingma(**settings), 2), rtol=1e-13)


def test_regularizer_joins_the_gradient():
    """In plain Adam the moments see the regularizer."""
    path = descend(Adam(), regu=L2Regu(), regu_coef=0.05)
    np.testing.assert_allclose(path, by_hand(kingma(), 2, decay=0.1), rtol=1e-13)


def test_defaults_are_those_of_the_paper():
    """Rate, betas and epsilon, as at the end of its section 2."""
    assert Adam.default_lr_policy.value_at(0) == Adam.default_lr_policy.value_at(10000) == 0.001
    assert (Adam().beta1, Adam().beta2, Adam().epsilon) == (0.9, 0.999, 1e-8)


def test_a_beta_of_one_is_refused():
    """1 would divide by zero in the correction."""
    with pytest.raises(SpecError, match="less than 1"):
        Adam(beta1=1.0)
