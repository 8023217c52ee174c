"""Tests of graphnet.backend.numpy.pooling.whole_plane: one window over all of a plane."""

from __future__ import annotations

import numpy as np
import pytest
from support.naive_windows import pool
from support.pool_cases import DIVISORS, TOLERANCE, case, run

from graphnet.backend import open_backend
from graphnet.backend.numpy.pooling.pool_plan import PoolPlan
from graphnet.backend.window import Window

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}
SHAPES = [(1, 3, 4, 5), (2, 5, 1, 2), (3, 1, 7, 7), (8, 2, 1, 3), (70, 3, 5, 2), (1, 1, 1, 200)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backward", [True, False])
@pytest.mark.parametrize("kind", ["Max", "Mean"])
def test_it_is_what_any_window_gives(kind, backward, dtype, shape):
    """Values, and the gradient, with ties of which the first takes it."""
    window = Window(shape[2:])
    assert PoolPlan(window, shape, (*shape[:2], 1, 1)).whole
    x, dy = case(window, shape, dtype, levels=2)
    y, dx = run(BACKENDS[1], kind, window, "kernel", x, dy, backward=backward)
    expected_y, expected_dx = pool(kind, window, "kernel", x, dy)
    np.testing.assert_allclose(y, expected_y, atol=TOLERANCE[dtype])
    if backward:
        np.testing.assert_allclose(dx, expected_dx, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("divisor", DIVISORS)
def test_a_window_larger_than_the_plane(divisor):
    """What lies in the padding counts only in the divisor."""
    window = Window((7, 6), (3, 3), (3, 2))
    x, dy = case(window, (4, 3, 4, 3), "float64", levels=9)
    x, dy = x[:, :, :4], dy[:, :, :1, :1]
    assert PoolPlan(window, x.shape, dy.shape).whole
    y, dx = run(BACKENDS[1], "Mean", window, divisor, x, dy)
    expected_y, expected_dx = pool("Mean", window, divisor, x, dy)
    np.testing.assert_allclose(y, expected_y, atol=1e-12)
    np.testing.assert_allclose(dx, expected_dx, atol=1e-12)


def test_other_windows_are_not_of_it():
    """Several windows, an element that none has, a plane of one element."""
    for window, size, out in [
        (Window((2, 4)), (4, 4), (3, 1)),
        (Window((3, 4), (4, 4)), (4, 4), (1, 1)),
        (Window((1, 1)), (1, 1), (1, 1)),
    ]:
        assert not PoolPlan(window, (2, 3, *size), (2, 3, *out)).whole


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("backward", [True, False])
def test_a_nan_makes_the_maximum_nan(n, backward):
    """Wherever it lies."""
    for at in range(6):
        x = np.zeros((n, 1, 2, 3), np.float32)
        x.reshape(n, 6)[:, at] = np.nan
        dy = np.ones((n, 1, 1, 1), np.float32)
        y, _ = run(BACKENDS[1], "Max", Window((2, 3)), "kernel", x, dy, backward=backward)
        assert np.isnan(y).all()


@pytest.mark.parametrize("kind", ["Max", "Mean"])
def test_threads_give_the_same_bits(kind):
    """Of a pooling large enough to be shared out."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((8, 64, 33, 35)).astype(np.float32)
    dy = rng.standard_normal((8, 64, 1, 1)).astype(np.float32)
    results = [run(b, kind, Window((33, 35)), "kernel", x, dy) for b in BACKENDS.values()]
    for y, dx in results[1:]:
        np.testing.assert_array_equal(y, results[0][0])
        np.testing.assert_array_equal(dx, results[0][1])
