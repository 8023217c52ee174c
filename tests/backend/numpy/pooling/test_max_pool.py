"""Tests of graphnet.backend.numpy.pooling.max_pool: what the tests of all pooling do not see."""

from __future__ import annotations

import numpy as np
import pytest
from support.naive_windows import pool
from support.poisoned import placed, scratch_for
from support.pool_cases import run

from graphnet.backend import open_backend
from graphnet.backend.numpy.pooling.max_pool import places
from graphnet.backend.numpy.windows import Axis
from graphnet.backend.window import Window

BACKEND = open_backend("numpy", 1)


def test_neither_image_nor_maxima_are_read_again():
    """Backward goes by what forward noted: both may be overwritten meanwhile."""
    window, rng = Window((3, 3), (2, 2)), np.random.default_rng(0)
    x = rng.integers(-3, 4, (4, 2, 9, 9)).astype(np.float32)
    dy = rng.standard_normal((4, 2, 4, 4)).astype(np.float32)
    decls = BACKEND.pool2d_scratch("Max", window, x.shape, dy.shape, backward=True)
    scratch = scratch_for(BACKEND, decls, x.dtype)
    data, y, dx, diff = (placed(BACKEND, a, blob=True) for a in (x, dy, x, dy))
    op = BACKEND.pool2d("Max", window, "kernel", data, y, dx, diff, scratch)
    op.forward()
    data[...] = y[...] = np.nan
    op.backward()
    np.testing.assert_allclose(dx, pool("Max", window, "kernel", x, dy)[1], atol=1e-6)


@pytest.mark.parametrize("size", [256, 300])
@pytest.mark.parametrize("across", [False, True])
def test_windows_longer_than_a_byte_counts(size, across):
    """The place of a maximum far from the start of its window is known."""
    shape = (1, size) if across else (size, 1)
    x = np.zeros((3, 1, 2, size), np.float32)  # two windows
    x[0, :, :, size - 1] = x[1, :, :, 255] = x[2, :, :, 0] = 1
    x = x if across else x.swapaxes(2, 3)
    dy = np.repeat(np.arange(1, 4, dtype=np.float32), 2).reshape(3, 1, 2, 1)
    dy = dy if across else dy.swapaxes(2, 3)
    y, dx = run(BACKEND, "Max", Window(shape), "kernel", x, dy)
    np.testing.assert_array_equal(y.reshape(-1), [1] * 6)
    np.testing.assert_array_equal(dx, x * dy)


@pytest.mark.parametrize(
    ("kernel", "dtype"),
    [(1, "uint8"), (255, "uint8"), (256, "uint16"), (65_535, "uint16"), (65_536, "uint32")],
)
def test_places(kernel, dtype):
    """Their type holds as many as there are."""
    assert places(Axis(kernel, 1, kernel, 1, 0)) == dtype


def test_windows_beyond_two_bytes():
    """The last of more elements than 65,536, which is the largest, takes the gradient."""
    shape, pooled = (1, 1, 2, 65_600), (1, 1, 2, 1)
    backend, window = BACKEND, Window((1, shape[3]))
    decls = backend.pool2d_scratch("Max", window, shape, pooled, backward=True)
    scratch = {name: np.empty(d.shape, d.dtype or "f4") for name, d in decls.items()}
    x, dx = (backend.empty_blob(shape, np.dtype("f4")) for _ in range(2))
    y, dy = (backend.empty_blob(pooled, np.dtype("f4")) for _ in range(2))
    x[...] = np.arange(shape[3])
    op = backend.pool2d("Max", window, "kernel", x, y, dx, dy, scratch)
    op.forward()
    dy.fill(2)
    op.backward()
    assert y.reshape(-1).tolist() == [shape[3] - 1] * 2
    assert np.flatnonzero(dx).tolist() == [shape[3] - 1, 2 * shape[3] - 1]
    assert dx.sum() == 4
