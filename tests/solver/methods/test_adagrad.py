"""Adagrad against its formula on single numbers."""

from math import sqrt

import numpy as np
from support.quadratic import LOCAL_LR, START, by_hand, descend

from graphnet.solver.methods.adagrad import Adagrad


def duchi(w, g, r, _t, history):
    """H += g², W −= r·g / (√H + ε)."""
    history[0] += g * g
    return w - r * g / (sqrt(history[0]) + 0.01)


def test_five_updates():
    """The squares add up for each element by itself."""
    np.testing.assert_allclose(descend(Adagrad(epsilon=0.01)), by_hand(duchi, 1), rtol=1e-13)


def test_first_step_has_the_size_of_the_rate():
    """G / √g² is the gradient's sign, whatever its size, element by element."""
    signs = np.array([1, -1, -1, 1])
    found = descend(Adagrad(epsilon=1e-30))[0]
    np.testing.assert_allclose(found, START - 0.1 * LOCAL_LR * signs, rtol=1e-14)
