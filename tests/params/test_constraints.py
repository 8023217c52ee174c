"""Constraints: norms after an update, and when they are looked at."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from pydantic import TypeAdapter

from graphnet.backend import open_backend
from graphnet.errors import SpecError
from graphnet.params.constraints import AnyConstraint, L2Cons, NoCons

BACKEND = open_backend("numpy", 1)


def norms(data):
    """The L2 norm of each unit."""
    return np.sqrt((data.reshape(len(data), -1) ** 2).sum(axis=1))


@pytest.mark.parametrize("shape", [(6, 4), (6, 2, 3, 3)])
def test_each_unit_keeps_at_most_the_threshold(shape):
    """Units above it are scaled to exactly the threshold, the others keep every bit."""
    units = np.random.default_rng(0).standard_normal((6, prod(shape[1:])))
    wanted = np.linspace(0.2, 3, 6)
    data = (units * (wanted / norms(units))[:, None]).reshape(shape)
    before, above = data.copy(), wanted > 1.5
    L2Cons(threshold=1.5).apply(BACKEND, data, iteration=1)
    np.testing.assert_allclose(norms(data)[above], 1.5, rtol=1e-14)
    np.testing.assert_array_equal(data[~above], before[~above])
    cosine = (data * before).reshape(6, -1).sum(axis=1) / norms(data) / norms(before)
    np.testing.assert_allclose(cosine, 1, rtol=1e-14)


def test_a_bias_is_one_unit():
    """Its norm is that of the whole vector."""
    bias = np.array([3.0, 4.0])
    L2Cons(threshold=1).apply(BACKEND, bias, iteration=1)
    np.testing.assert_allclose(bias, [0.6, 0.8], rtol=1e-15)


def test_zeros_stay_zeros():
    """A unit without weights is no division by zero."""
    data = np.zeros((2, 3), np.float32)
    L2Cons(threshold=1).apply(BACKEND, data, iteration=1)
    np.testing.assert_array_equal(data, np.zeros((2, 3)))


def test_it_is_looked_at_every_nth_iteration():
    """In between a norm may grow."""
    constraint = L2Cons(threshold=1, every_n_iter=3)
    changed = []
    for iteration in range(1, 8):
        data = np.full((1, 4), 2.0)
        constraint.apply(BACKEND, data, iteration)
        changed.append(data[0, 0] != 2)
    assert changed == [False, False, True, False, False, True, False]


def test_none_changes_nothing():
    """The default leaves params alone."""
    data = np.full((2, 2), 1e6)
    NoCons().apply(BACKEND, data, iteration=1)
    np.testing.assert_array_equal(data, 1e6)


def test_names_and_limits_in_yaml():
    """A threshold is required and positive."""
    adapter = TypeAdapter(AnyConstraint)
    assert adapter.validate_python("NoCons") == NoCons()
    assert adapter.validate_python({"type": "L2Cons", "threshold": 2}) == L2Cons(threshold=2.0)
    with pytest.raises(SpecError, match="threshold"):
        adapter.validate_python("L2Cons")
    with pytest.raises(SpecError, match="more than 0"):
        L2Cons(threshold=0)
