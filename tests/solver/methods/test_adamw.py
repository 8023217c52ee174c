"""AdamW against its formula on single numbers."""

from math import sqrt

import numpy as np
from support.quadratic import CURVATURE, LOCAL_LR, N_UPDATES, START, descend

from graphnet.params.regularizers import L1Regu, L2Regu
from graphnet.solver.methods.adam import Adam
from graphnet.solver.methods.adamw import AdamW


def expected_path(shrinkage, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """``shrinkage(w)`` is what the regularizer's gradient is; the moments never see it."""
    path = np.empty((N_UPDATES, 4))
    for i in range(4):
        w, m, v = START[i], 0.0, 0.0
        for t in range(1, N_UPDATES + 1):
            g, r = CURVATURE[i] * w, 0.1 * LOCAL_LR[i]
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
            decayed = w - r * (shrinkage(w) if i < 3 else 0.0)
            rate = r * sqrt(1 - beta2**t) / (1 - beta1**t)
            w = decayed - rate * m / (sqrt(v) + epsilon)
            path[t - 1, i] = w
    return path


def test_l2_shrinks_the_weights_and_not_the_moments():
    """λ is 2·coef·regu_coef on the weights; the bias has no regularizer and does not shrink."""
    path = descend(AdamW(), regu=L2Regu(coef=2.0), regu_coef=0.05)
    np.testing.assert_allclose(path, expected_path(lambda w: 0.2 * w), rtol=1e-13)


def test_its_settings():
    """The decays of the moments and epsilon are Adam's."""
    settings = {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}
    path = descend(AdamW(**settings), regu=L2Regu(), regu_coef=0.05)
    np.testing.assert_allclose(path, expected_path(lambda w: 0.1 * w, **settings), rtol=1e-13)


def test_l1_is_decoupled_in_the_same_way():
    """The regularizer's own gradient, sign(w), moves the weights directly."""
    path = descend(AdamW(), regu=L1Regu(), regu_coef=0.05)
    np.testing.assert_allclose(path, expected_path(lambda w: 0.05 * np.sign(w)), rtol=1e-13)


def test_without_regularizer_it_is_adam():
    """The two differ in nothing else."""
    np.testing.assert_array_equal(descend(AdamW()), descend(Adam()))
