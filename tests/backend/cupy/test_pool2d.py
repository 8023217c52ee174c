"""Tests of graphnet.backend.cupy.pool2d, over a stand-in for CuPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy
from support.naive_windows import pool
from support.pool_cases import DIVISORS, TOLERANCE, case, makes_sense, run

from graphnet.backend.cupy.backend import CupyBackend
from graphnet.backend.window import Window

pytestmark = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)

BACKEND = CupyBackend(FakeCupy())


def check(kind, window, divisor, x, dy):
    """The results equal the slow one's."""
    y, dx = pool(kind, window, divisor, x, dy)
    found = run(BACKEND, kind, window, divisor, x, dy)
    tolerance = TOLERANCE[x.dtype.name] * max(window.kernel) ** 2
    np.testing.assert_allclose(found[0], y, atol=tolerance, rtol=0)
    np.testing.assert_allclose(found[1], dx, atol=tolerance, rtol=0)


@settings(deadline=None, max_examples=100)
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
    check(what[0], window, what[1], *case(window, (*counts, *size), dtype, levels=levels))


@pytest.mark.parametrize("window", [Window((2, 3), (2, 3)), Window((2, 3), (1, 1))])
def test_first_of_equals_takes_the_gradient(window):
    """Of equal maxima the first in row-major order takes all, though it be in a later column."""
    x = np.zeros((1, 1, 2, 3), np.float32)
    x[0, 0, 0, 2] = x[0, 0, 1, 0] = 1
    _, dx = run(BACKEND, "Max", window, "kernel", x, np.ones((1, 1, 1, 1), np.float32))
    expected = np.zeros_like(x)
    expected[0, 0, 0, 2] = 1
    np.testing.assert_array_equal(dx, expected)


@pytest.mark.parametrize("place", range(4))
def test_a_nan_makes_its_maximum_nan(place):
    """A NaN anywhere in a window is seen in the output, and only there."""
    x = np.ones((3, 1, 2, 4), np.float32)
    x[1, 0, place // 2, place % 2] = np.nan
    dy = np.ones((3, 1, 1, 2), np.float32)
    y, dx = run(BACKEND, "Max", Window((2, 2), (2, 2)), "kernel", x, dy)
    assert np.argwhere(np.isnan(y)).tolist() == [[1, 0, 0, 0]]
    assert np.isfinite(dx).all()


def test_infinite_values_and_gradients_pass_quietly():
    """Infinities are ordinary values, and nothing beside them becomes NaN."""
    x = np.array([[[[-np.inf, np.inf], [-np.inf, -np.inf]]]], np.float32)
    dy = np.full((1, 1, 1, 1), np.inf, np.float32)
    y, dx = run(BACKEND, "Max", Window((2, 2), (2, 2)), "kernel", x, dy)
    assert y.item() == np.inf
    np.testing.assert_array_equal(dx.reshape(-1), [0, np.inf, 0, 0])


@pytest.mark.parametrize("kind", ["Max", "Mean"])
def test_forward_alone(kind):
    """A net that never runs backward needs no scratch for it."""
    window = Window((3, 3), (2, 2), (1, 1))
    x, dy = case(window, (4, 2, 7, 8), np.float32, levels=9)
    assert BACKEND.pool2d_scratch(kind, window, x.shape, dy.shape, backward=False) == {}
    y, _ = run(BACKEND, kind, window, "padded", x, dy, backward=False)
    np.testing.assert_allclose(y, pool(kind, window, "padded", x, dy)[0], atol=1e-5)
