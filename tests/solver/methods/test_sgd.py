"""SGD against its formula on single numbers."""

import numpy as np
from support.quadratic import by_hand, descend

from graphnet.params.regularizers import L2Regu
from graphnet.solver.methods.sgd import SGD


def heavy_ball(momentum):
    """Caffe's and Mocha's rule with the rate inside the velocity."""

    def rule(w, g, r, t, history):
        history[0] = momentum(t) * history[0] - r * g
        return w + history[0]

    return rule


def test_first_update_is_minus_rate_times_gradient():
    """With no velocity yet, W moves by −r·g, the bias twice as fast."""
    expected = [1 - 0.1 * 1, -2 + 0.1 * 1, 0.5 + 0.1 * 1, 3 - 0.2 * 0.75]
    np.testing.assert_allclose(descend(SGD())[0], expected, rtol=1e-15)


def test_five_updates_with_momentum():
    """V = m·V − r·g, W += V."""
    path = descend(SGD(), momentum=lambda _t: 0.9)
    np.testing.assert_allclose(path, by_hand(heavy_ball(lambda _t: 0.9), 1), rtol=1e-14)


def test_rate_and_momentum_are_those_of_the_update():
    """Update t uses value(t) of both, and a drop of the rate leaves old velocity as it is."""
    lr = [0.0, 0.1, 0.1, 0.01, 0.01, 0.01].__getitem__
    momentum = [0.0, 0.5, 0.6, 0.7, 0.8, 0.9].__getitem__
    path = descend(SGD(), lr=lr, momentum=momentum)
    np.testing.assert_allclose(path, by_hand(heavy_ball(momentum), 1, lr=lr), rtol=1e-14)


def test_l2_regularizer_joins_the_gradient():
    """The gradient of coef 3 under regu_coef 0.01 is 2·3·0.01·w, on the weights only."""
    path = descend(SGD(), momentum=lambda _t: 0.9, regu=L2Regu(coef=3.0), regu_coef=0.01)
    expected = by_hand(heavy_ball(lambda _t: 0.9), 1, decay=0.06)
    np.testing.assert_allclose(path, expected, rtol=1e-14)


def test_without_momentum_old_velocity_is_forgotten():
    """V = −r·g and W += V from any V, and with momentum again V counts."""
    momentum = [0.0, 0.9, 0.0, 0.9, 0.0, 0.0].__getitem__
    path = descend(SGD(), momentum=momentum)
    np.testing.assert_allclose(path, by_hand(heavy_ball(momentum), 1), rtol=1e-14)
