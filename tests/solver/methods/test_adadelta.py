"""Adadelta against its formula on single numbers."""

from math import sqrt

import numpy as np
from support.quadratic import by_hand, descend

from graphnet.solver.methods.adadelta import Adadelta


def zeiler(rho, epsilon):
    """Algorithm 1 of the paper, with a rate."""

    def rule(w, g, r, _t, history):
        history[0] = rho * history[0] + (1 - rho) * g * g
        d = sqrt(history[1] + epsilon) / sqrt(history[0] + epsilon) * g
        history[1] = rho * history[1] + (1 - rho) * d * d
        return w - r * d

    return rule


def test_five_updates():
    """Both running means, Mocha's defaults, rate 1."""
    path = descend(Adadelta(), lr=lambda _t: 1.0)
    expected = by_hand(zeiler(0.95, 1e-6), 2, lr=lambda _t: 1.0)
    np.testing.assert_allclose(path, expected, rtol=1e-12)


def test_five_updates_with_other_settings():
    """Both rho and epsilon are used, and the rate scales the step only."""
    path = descend(Adadelta(rho=0.5, epsilon=0.1))
    np.testing.assert_allclose(path, by_hand(zeiler(0.5, 0.1), 2), rtol=1e-12)


def test_default_rate_is_one():
    """As in the paper, which has none."""
    assert Adadelta.default_lr_policy.value_at(3) == 1.0
