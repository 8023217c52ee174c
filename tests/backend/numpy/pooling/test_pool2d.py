"""Tests of graphnet.backend.numpy.pooling.pool2d."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.naive_windows import pool
from support.pool_cases import DIVISORS, TOLERANCE, case, makes_sense, run

from graphnet.backend import open_backend
from graphnet.backend.numpy.pooling import pool_plan
from graphnet.backend.window import Window

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}


def check(kind, window, divisor, x, dy):
    """The results equal the slow one's, for every number of threads bit for bit the same."""
    y, dx = pool(kind, window, divisor, x, dy)
    found = [run(backend, kind, window, divisor, x, dy) for backend in BACKENDS.values()]
    tolerance = TOLERANCE[x.dtype.name] * max(window.kernel) ** 2
    np.testing.assert_allclose(found[0][0], y, atol=tolerance, rtol=0)
    np.testing.assert_allclose(found[0][1], dx, atol=tolerance, rtol=0)
    for other in found[1:]:
        np.testing.assert_array_equal(found[0][0], other[0])
        np.testing.assert_array_equal(found[0][1], other[1])


@settings(deadline=None, max_examples=200)
@given(
    what=st.sampled_from([("Max", "kernel"), *(("Mean", d) for d in DIVISORS)]),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    pad=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    size=st.tuples(st.integers(1, 10), st.integers(1, 10)),
    counts=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    levels=st.integers(1, 20),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_any_geometry(what, kernel, stride, pad, size, counts, levels, dtype):
    """Overlapping, gapped, padded, clipped: every window agrees with the slow reference."""
    window = Window(kernel, stride, pad)
    assume(makes_sense(window, size))
    for tile in (2**20, 20):  # as a whole, and cut into parts and tiles for the threads
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pool_plan, "TILE_ELEMENTS", tile)
            patch.setattr(pool_plan, "INLINE_ELEMENTS", tile)
            check(what[0], window, what[1], *case(window, (*counts, *size), dtype, levels=levels))


@pytest.mark.parametrize("kind", ["Max", "Mean"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("window", "x_shape"),
    [
        (Window((2, 2), (2, 2)), (70, 6, 24, 24)),
        (Window((3, 3), (2, 2)), (50, 4, 30, 31)),
        (Window((3, 3), (2, 2), (1, 1)), (300, 1, 25, 24)),
        (Window((3, 3)), (150, 1, 40, 30)),
        (Window((9, 8)), (300, 7, 9, 8)),
        (Window((5, 1), pad=(2, 0)), (90, 1, 40, 700)),
    ],
)
def test_large_enough_for_threads(kind, window, x_shape, dtype):
    """Shapes that are cut into several parts, and run in several threads, agree as well."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal(x_shape).astype(dtype)
    dy = rng.standard_normal((*x_shape[:2], *window.ceil_size(x_shape[2:]))).astype(dtype)
    found = [run(backend, kind, window, "valid", x, dy) for backend in BACKENDS.values()]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0][0], other[0])
        np.testing.assert_array_equal(found[0][1], other[1])
    some = np.s_[[0, x_shape[0] // 2, -1]]  # samples do not mix: three of them will do
    y, dx = pool(kind, window, "valid", x[some], dy[some])
    tolerance = TOLERANCE[dtype] * 10
    np.testing.assert_allclose(found[0][0][some], y, atol=tolerance, rtol=0)
    np.testing.assert_allclose(found[0][1][some], dx, atol=tolerance, rtol=0)


@pytest.mark.parametrize("window", [Window((2, 3), (2, 3)), Window((2, 3), (1, 1))])
def test_first_of_equals_takes_the_gradient(window):
    """Of equal maxima the first in row-major order takes all, though it be in a later column."""
    x = np.zeros((1, 1, 2, 3), np.float32)
    x[0, 0, 0, 2] = x[0, 0, 1, 0] = 1
    _, dx = run(BACKENDS[1], "Max", window, "kernel", x, np.ones((1, 1, 1, 1), np.float32))
    expected = np.zeros_like(x)
    expected[0, 0, 0, 2] = 1
    np.testing.assert_array_equal(dx, expected)


def test_zeros_of_either_sign_are_equal():
    """The first zero takes the gradient, whatever its sign."""
    x = np.array([[[[-0.0, 0.0], [0.0, -0.0]]]], np.float32)
    dy = np.full((1, 1, 1, 1), 3, np.float32)
    _, dx = run(BACKENDS[1], "Max", Window((2, 2), (2, 2)), "kernel", x, dy)
    np.testing.assert_array_equal(dx.reshape(-1), [3, 0, 0, 0])


@pytest.mark.parametrize("place", range(4))
def test_a_nan_makes_its_maximum_nan(place):
    """A NaN anywhere in a window is seen in the output, and only there."""
    x = np.ones((3, 1, 2, 4), np.float32)
    x[1, 0, place // 2, place % 2] = np.nan
    dy = np.ones((3, 1, 1, 2), np.float32)
    y, dx = run(BACKENDS[1], "Max", Window((2, 2), (2, 2)), "kernel", x, dy)
    assert np.argwhere(np.isnan(y)).tolist() == [[1, 0, 0, 0]]
    assert np.isfinite(dx).all()


def test_infinite_values_and_gradients_pass_quietly():
    """Infinities are ordinary values: no warning, and nothing beside them becomes NaN."""
    x = np.array([[[[-np.inf, np.inf], [-np.inf, -np.inf]]]], np.float32)
    dy = np.full((1, 1, 1, 1), np.inf, np.float32)
    y, dx = run(BACKENDS[1], "Max", Window((2, 2), (2, 2)), "kernel", x, dy)
    assert y.item() == np.inf
    np.testing.assert_array_equal(dx.reshape(-1), [0, np.inf, 0, 0])


@pytest.mark.parametrize("kind", ["Max", "Mean"])
def test_forward_alone(kind):
    """A net that never runs backward needs no scratch for it."""
    window = Window((3, 3), (2, 2), (1, 1))
    x, dy = case(window, (4, 2, 7, 8), np.float32, levels=9)
    y, _ = run(BACKENDS[2], kind, window, "padded", x, dy, backward=False)
    np.testing.assert_allclose(y, pool(kind, window, "padded", x, dy)[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["Max", "Mean"])
@pytest.mark.parametrize("window", [Window((2, 2), (2, 2)), Window((3, 3), (2, 2), (1, 1))])
def test_gradient_is_the_slope(kind, window):
    """The gradient equals the difference quotient of the forward pass."""
    backend, rng = BACKENDS[1], np.random.default_rng(3)
    x = rng.permutation(2 * 2 * 6 * 6).reshape(2, 2, 6, 6).astype(np.float64)
    dy = rng.standard_normal((2, 2, *window.ceil_size((6, 6))))
    _, dx = run(backend, kind, window, "valid", x, dy)
    for index in [(0, 0, 0, 0), (1, 1, 2, 3), (0, 1, 5, 5), (1, 0, 3, 2)]:
        values = []
        for step in (-1e-3, 1e-3):
            moved = x.copy()
            moved[index] += step
            y, _ = run(backend, kind, window, "valid", moved, dy, backward=False)
            values.append((y * dy).sum())
        assert (values[1] - values[0]) / 2e-3 == pytest.approx(dx[index], abs=1e-7)
