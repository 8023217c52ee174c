"""Regularizers: their gradients against difference quotients of the stated penalties."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter

from graphnet.errors import SpecError
from graphnet.params.regularizers import AnyRegularizer, L1Regu, L2Regu, NoRegu

PENALTIES = {
    "NoRegu": lambda w: 0 * np.sum(w),
    "L2Regu": lambda w: np.sum(w**2),
    "L1Regu": lambda w: np.sum(np.abs(w)),
}
W = np.array([[1.5, -2.0, 0.25], [-0.5, 3.0, -4.0]])
STEP = 1e-6


def gradient(regularizer, w, diff, coef):
    """What ``diff`` is after the gradient has been added, with spoilt scratch."""
    total = diff.copy()
    kept = w.copy()
    regularizer.add_gradient(np, w, total, np.full_like(w, np.nan), coef)
    np.testing.assert_array_equal(w, kept)
    return total


@pytest.mark.parametrize("regularizer", [NoRegu(), L2Regu(), L2Regu(coef=3), L1Regu(coef=0.5)])
@pytest.mark.parametrize("coef", [1.0, 0.0005])
def test_the_gradient_is_that_of_the_penalty(regularizer, coef):
    """The regularizer's coefficient times the solver's, added to the diff."""
    scale = coef * getattr(regularizer, "coef", 1.0)
    penalty = PENALTIES[regularizer.type]
    expected = np.ones_like(W)
    for index in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[index] = STEP
        expected[index] += scale * (penalty(W + step) - penalty(W - step)) / (2 * STEP)
    found = gradient(regularizer, W.copy(), np.ones_like(W), coef)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_l1_does_not_push_a_zero():
    """At the kink the gradient is 0, so that a zero stays one."""
    zeros = np.zeros((2, 2))
    np.testing.assert_array_equal(gradient(L1Regu(), zeros, zeros, 1.0), zeros)


def test_no_penalty_leaves_the_diff_alone():
    """Not a bit of it changes."""
    diff = np.array([1.0, -0.0, np.inf])
    found = gradient(NoRegu(), np.ones(3), diff, 1.0)
    np.testing.assert_array_equal(found.view(np.int64), diff.view(np.int64))


def test_precision_is_the_params():
    """A float32 param gets a float32 gradient."""
    w = np.ones(3, np.float32)
    assert gradient(L2Regu(), w, w, 0.1).dtype == np.float32


@pytest.mark.parametrize("cls", [NoRegu, L2Regu, L1Regu])
def test_each_has_its_name_in_yaml(cls):
    """The class name is the YAML type."""
    assert TypeAdapter(AnyRegularizer).validate_python(cls.__name__) == cls()


@pytest.mark.parametrize("cls", [L2Regu, L1Regu])
def test_a_negative_coefficient_is_refused(cls):
    """It would make weights grow without end."""
    with pytest.raises(SpecError, match="at least 0"):
        cls(coef=-1)
