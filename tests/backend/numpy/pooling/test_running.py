"""Maxima of windows side by side: the slow, obvious ones, and where their gradients go."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.naive_windows import pool
from support.pool_cases import run

from graphnet.backend import open_backend
from graphnet.backend.numpy.pooling.running import n_notes, runs_along, steps
from graphnet.backend.numpy.windows import Axis
from graphnet.backend.window import Window

BACKENDS = {n: open_backend("numpy", n) for n in (1, 2)}


@given(
    kernel=st.tuples(st.integers(1, 9), st.integers(4, 9)),
    beside=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    pads=st.tuples(st.integers(0, 8), st.integers(0, 8)),
    n=st.integers(1, 3),
    levels=st.integers(1, 4),
)
@settings(deadline=None, max_examples=60)
def test_any_geometry(kernel, beside, pads, n, levels):
    """Among few levels many maxima are equal; the padding may be as large as windows less one."""
    pad = tuple(min(p, k - 1) for p, k in zip(pads, kernel, strict=True))
    size = tuple(max(k - p, b) for k, p, b in zip(kernel, pad, beside, strict=True))
    out = tuple(s + 2 * p - k + 1 for s, p, k in zip(size, pad, kernel, strict=True))
    out = tuple(max(1, o) for o in out)
    rng = np.random.default_rng(0)
    x = rng.integers(-levels, levels, (n, 2, *size)).astype(np.float64)
    dy = rng.standard_normal((n, 2, *out))
    window = Window(kernel, (1, 1), pad)
    expected = pool("Max", window, "kernel", x, dy)
    found = [run(backend, "Max", window, "kernel", x, dy) for backend in BACKENDS.values()]
    for y, dx in found:
        np.testing.assert_array_equal(y, expected[0])
        np.testing.assert_allclose(dx, expected[1], atol=1e-12)
    assert found[0][1].tobytes() == found[1][1].tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_padding_never_wins(dtype):
    """Where all is minus infinity, the first element within the image takes the gradient."""
    x = np.full((2, 3, 6, 6), -np.inf, dtype)
    window, dy = Window((5, 5), (1, 1), (2, 2)), np.ones((2, 3, 6, 6), dtype)
    y, dx = run(BACKENDS[1], "Max", window, "kernel", x, dy)
    assert np.isneginf(y).all()
    assert dx.sum() == dy.sum()
    np.testing.assert_array_equal(dx[0, 0, 0], [9, 3, 3, 3, 0, 0])


def test_elements_that_no_window_meets():
    """Fewer windows than fit leave the last rows and columns without a gradient."""
    x = np.random.default_rng(0).standard_normal((2, 3, 9, 11))
    dy = np.ones((2, 3, 4, 5))
    _, dx = run(BACKENDS[1], "Max", Window((4, 5)), "kernel", x, dy)
    assert not dx[:, :, 7:].any()
    assert not dx[..., 9:].any()
    np.testing.assert_array_equal(dx, pool("Max", Window((4, 5)), "kernel", x, dy)[1])


@pytest.mark.parametrize("kernel", range(4, 40))
def test_steps(kernel):
    """They are few, and what the last ones make are the windows."""
    axis = Axis(64, 64 - kernel + 1, kernel, 1, 0)
    walked = steps(axis)
    assert len(walked) == np.ceil(np.log2(kernel))
    assert walked[-1].n == axis.out
    assert walked[-1].length + walked[-1].shift == kernel
    assert n_notes(axis) == sum(step.n for step in walked)


def test_where_it_pays():
    """Windows side by side, of four elements and more, that are not few."""
    assert runs_along(Axis(28, 28, 7, 1, 3))
    assert not runs_along(Axis(28, 26, 3, 1, 0))
    assert not runs_along(Axis(28, 12, 7, 2, 1))
    assert not runs_along(Axis(300, 1, 300, 1, 0))
