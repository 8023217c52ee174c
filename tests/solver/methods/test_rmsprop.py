"""RMSProp against its formula on single numbers."""

from math import sqrt

import numpy as np
import pytest
from support.quadratic import by_hand, descend

from graphnet.solver.methods.rmsprop import RMSProp


@pytest.mark.parametrize(("rho", "epsilon"), [(0.99, 1e-8), (0.5, 0.1)])
def test_five_updates(rho, epsilon):
    """H = ρH + (1 − ρ)g², W −= r·g / (√H + ε), as in Caffe."""

    def caffe(w, g, r, _t, history):
        history[0] = rho * history[0] + (1 - rho) * g * g
        return w - r * g / (sqrt(history[0]) + epsilon)

    path = descend(RMSProp(rho=rho, epsilon=epsilon))
    np.testing.assert_allclose(path, by_hand(caffe, 1), rtol=1e-13, atol=1e-14)
