"""Lion against its formula on single numbers."""

import numpy as np
import pytest
from support.quadratic import CURVATURE, LOCAL_LR, N_UPDATES, START, descend

from graphnet.params.regularizers import L2Regu
from graphnet.solver.methods.lion import Lion


@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.5, 0.2)])
@pytest.mark.parametrize("decay", [0.0, 0.4])
def test_five_updates(betas, decay):
    """Algorithm 2 of the paper: the step, the shrinking of weights, then the average."""
    path = np.empty((N_UPDATES, 4))
    for i in range(4):
        w, m = START[i], 0.0
        for t in range(N_UPDATES):
            g, r = CURVATURE[i] * w, 0.1 * LOCAL_LR[i]
            c = betas[0] * m + (1 - betas[0]) * g
            w -= r * (np.sign(c) + (decay * w if i < 3 else 0.0))
            m = betas[1] * m + (1 - betas[1]) * g
            path[t, i] = w
    found = descend(Lion(beta1=betas[0], beta2=betas[1]), regu=L2Regu(), regu_coef=decay / 2)
    np.testing.assert_allclose(found, path, rtol=1e-13)


def test_the_sign_is_that_of_both():
    """A gradient against a larger average does not turn the step."""
    from support.quadratic import make_store

    from graphnet.solver.update import Updater

    store = make_store()
    updater = Updater(store, Lion())
    steps = []
    for t, gradient in enumerate([10.0, -1.0, -1.0, -9.0, 0.0], 1):
        before = store.data.copy()
        store.diff[...] = gradient
        updater.update(t, 0.1, 0.0)
        steps.append((store.data - before)[0] / 0.1)
    # m: 0.1, 0.089, 0.0781, −0.0127; c: 1, −0.01, −0.02, −0.83, −0.01
    np.testing.assert_allclose(steps, [-1, 1, 1, 1, 1], rtol=1e-9)
    assert updater.history["average_gradient"][0] == pytest.approx(0.99 * -0.012681, rel=1e-3)
