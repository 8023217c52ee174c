"""Nesterov against its formula on single numbers."""

import numpy as np
from support.quadratic import CURVATURE, LOCAL_LR, START, by_hand, descend

from graphnet.solver.methods.nesterov import Nesterov


def caffe(w, g, r, _t, history):
    """Caffe: V' = m·V + r·g, the step is (1 + m)·V' − m·V."""
    old = history[0]
    history[0] = 0.9 * old + r * g
    return w - ((1 + 0.9) * history[0] - 0.9 * old)


def test_five_updates_as_caffe_does():
    """Same path as Caffe's rule, whose velocity has the other sign."""
    path = descend(Nesterov(), momentum=lambda _t: 0.9)
    np.testing.assert_allclose(path, by_hand(caffe, 1), rtol=1e-13)


def test_is_the_gradient_at_the_point_looked_ahead_to():
    """With constant momentum, W is θ + m·V for Sutskever's pair (θ, V)."""
    theta, v = START.copy(), np.zeros(4)
    path = descend(Nesterov(), momentum=lambda _t: 0.5)
    for found in path:
        v = 0.5 * v - 0.1 * LOCAL_LR * CURVATURE * (theta + 0.5 * v)
        theta = theta + v
        np.testing.assert_allclose(found, theta + 0.5 * v, rtol=1e-13)


def test_without_momentum_it_is_gradient_descent():
    """M = 0 leaves W − r·g."""
    expected = by_hand(lambda w, g, r, _t, _history: w - r * g, 0)
    np.testing.assert_allclose(descend(Nesterov()), expected, rtol=1e-14)
