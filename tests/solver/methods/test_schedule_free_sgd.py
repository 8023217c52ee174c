"""ScheduleFreeSGD against its formula on single numbers."""

import numpy as np
import pytest
from support.quadratic import CURVATURE, START, by_hand, descend, make_store

from graphnet.params.regularizers import L2Regu
from graphnet.solver.methods.schedule_free_sgd import ScheduleFreeSGD
from graphnet.solver.update import Updater


def defazio(beta, warmup):
    """The three equations, with the weights of algorithm 1; history: z, x, Σ f²."""

    def rule(y, g, r, t, history):
        if t == 1:
            history[:] = [y, y, 0.0]
        f = min(1.0, t / warmup) if warmup else 1.0
        history[2] += f * f
        c = f * f / history[2]
        history[0] -= f * r * g
        history[1] = (1 - c) * history[1] + c * history[0]
        return (1 - beta) * history[0] + beta * history[1]

    return rule


@pytest.mark.parametrize(("beta", "warmup"), [(0.9, 0), (0.5, 3), (0.8, 50)])
def test_five_updates(beta, warmup):
    """The regularizer is part of the gradient, which is taken at W."""
    found = descend(ScheduleFreeSGD(beta1=beta, warmup=warmup), regu=L2Regu(), regu_coef=0.1)
    expected = by_hand(defazio(beta, warmup), 3, decay=0.2)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_average_is_the_mean_of_the_base():
    """Without a warmup all its points count alike."""
    store = make_store()
    updater = Updater(store, ScheduleFreeSGD())
    points = []
    for t in range(1, 6):
        store.diff[...] = CURVATURE * store.data
        updater.update(t, 0.1, 0.0)
        points.append(updater.history["base"].copy())
    np.testing.assert_allclose(updater.average.values, np.mean(points, axis=0), rtol=1e-13)
    assert updater.average.values is updater.history["average"]
    before = store.data.copy()
    updater.average.exchange(is_used=True)
    np.testing.assert_array_equal(store.data, updater.history["average"])
    updater.average.exchange(is_used=False)
    np.testing.assert_array_equal(store.data, before)
    assert (before != START).all()
