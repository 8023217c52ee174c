"""ScheduleFreeAdamW against its formula on single numbers."""

from math import sqrt

import numpy as np
import pytest
from support.quadratic import CURVATURE, LOCAL_LR, N_UPDATES, START, descend

from graphnet.params.regularizers import L2Regu
from graphnet.solver.methods.schedule_free_adamw import ScheduleFreeAdamW


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize(
    "settings", [{}, {"beta1": 0.6, "beta2": 0.9, "epsilon": 0.1, "warmup": 3}]
)
def test_five_updates(settings, decay):
    """Algorithm 1 of the paper, its decay at the point where the gradient is taken."""
    keys = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "warmup": 0, **settings}
    beta1, beta2, epsilon, warmup = keys.values()
    expected = np.empty((N_UPDATES, 4))
    for i in range(4):
        z = x = y = START[i]
        v = total = 0.0
        for t in range(1, N_UPDATES + 1):
            g = CURVATURE[i] * y
            v = beta2 * v + (1 - beta2) * g * g
            rate = 0.1 * LOCAL_LR[i] * (min(1, t / warmup) if warmup else 1)
            shrink = decay * y if i < 3 else 0.0
            z = z - rate * g / (sqrt(v / (1 - beta2**t)) + epsilon) - rate * shrink
            total += rate * rate
            x = x + rate * rate / total * (z - x)
            y = (1 - beta1) * z + beta1 * x
            expected[t - 1, i] = y
    found = descend(ScheduleFreeAdamW(**settings), regu=L2Regu(), regu_coef=decay / 2)
    np.testing.assert_allclose(found, expected, rtol=1e-11)
