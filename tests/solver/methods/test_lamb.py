"""LAMB against its formula in NumPy, param by param."""

import numpy as np
import pytest
from support.quadratic import CURVATURE, LOCAL_LR, N_UPDATES, START, descend, make_store

from graphnet.params.regularizers import L2Regu
from graphnet.solver.methods.lamb import LAMB
from graphnet.solver.update import Updater

PARAMS = (slice(0, 3), slice(3, 4))


@pytest.mark.parametrize("decay", [0.0, 0.4])
@pytest.mark.parametrize("settings", [{}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}])
def test_five_updates(settings, decay):
    """Algorithm 2 of the paper, each param with the ratio of its own norms."""
    beta1, beta2, epsilon = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-6, **settings}.values()
    w, m, v = START.copy(), np.zeros(4), np.zeros(4)
    expected = []
    for t in range(1, N_UPDATES + 1):
        g = CURVATURE * w
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        u = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
        u[:3] += decay * w[:3]
        for span in PARAMS:
            trust = np.linalg.norm(w[span]) / np.linalg.norm(u[span])
            w[span] -= 0.1 * LOCAL_LR[span] * trust * u[span]
        expected.append(w.copy())
    found = descend(LAMB(**settings), regu=L2Regu(), regu_coef=decay / 2)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_step_is_as_long_as_the_param_is_large():
    """Its norm is the rate times that of the param, whatever the gradient."""
    store = make_store()
    store.diff[...] = [1e-5, 3e3, -2.0, 1e-3]
    Updater(store, LAMB(epsilon=1e-30)).update(1, 0.1, 0.0)
    step = store.data - START
    assert np.linalg.norm(step[:3]) == pytest.approx(0.1 * np.linalg.norm(START[:3]))
    assert abs(step[3]) == pytest.approx(0.2 * 3)


def test_params_of_zero_move_as_in_adam():
    """And a param without a gradient stays."""
    store = make_store()
    store.data[3] = 0.0
    store.diff[...] = [0.0, 0.0, 0.0, 5.0]
    Updater(store, LAMB(epsilon=1e-30)).update(1, 0.1, 0.0)
    np.testing.assert_allclose(store.data, [*START[:3], -0.2], rtol=1e-12)
