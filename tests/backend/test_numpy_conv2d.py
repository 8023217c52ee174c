"""Tests of graphnet.backend.numpy_conv2d."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.naive_windows import convolve
from support.poisoned import placed, scratch_for

from graphnet.backend import open_backend
from graphnet.backend.base import ConvArrays, Window

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}
TOLERANCE = {"float32": 2e-4, "float64": 1e-10}


def random_case(window, n_group, x_shape, n_filter, dtype, seed=0):
    """The inputs of a convolution, as host arrays."""
    rng = np.random.default_rng(seed)
    n, c = x_shape[:2]
    y_shape = (n, n_filter, *window.floor_size(x_shape[2:]))
    shapes = (x_shape, (n_filter, c // n_group, *window.kernel), (n_filter,), y_shape)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def run(backend, window, n_group, case, *, wanted=("dx", "dfilter", "dbias"), bias=True):
    """Forward and backward once; ``(y, dx, dfilter, dbias)`` as host arrays or None."""
    x, filter_, bias_value, dy = case
    dtype = x.dtype
    arrays = ConvArrays(
        placed(backend, x, blob=True),
        placed(backend, filter_),
        placed(backend, bias_value) if bias else None,
        placed(backend, np.full_like(dy, np.nan), blob=True),
        placed(backend, np.full_like(x, np.nan), blob=True) if "dx" in wanted else None,
        placed(backend, np.full_like(filter_, np.nan)) if "dfilter" in wanted else None,
        placed(backend, np.full_like(bias_value, np.nan)) if "dbias" in wanted else None,
        placed(backend, dy, blob=True),
    )
    decls = backend.conv2d_scratch(window, n_group, x.shape, filter_.shape, backward=True)
    scratch = scratch_for(backend, decls, dtype)
    op = backend.conv2d(window, n_group, arrays, scratch)
    op.forward()
    for name, array in scratch.items():
        if decls[name].lifetime == "call":
            array.fill(np.nan)
    op.backward()
    results = (arrays.y, arrays.dx, arrays.dfilter, arrays.dbias)
    return [None if a is None else backend.download(a) for a in results]


def check(window, n_group, case):
    """Every result equals the slow one's, for every number of threads bit for bit the same."""
    x, filter_, bias, dy = case
    expected = convolve(window, n_group, x, filter_, bias, dy)
    found = [run(backend, window, n_group, case) for backend in BACKENDS.values()]
    names = ("y", "dx", "dfilter", "dbias")
    for name, value in zip(names, found[0], strict=True):
        wanted = getattr(expected, name)
        scale = max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(
            value, wanted, atol=TOLERANCE[x.dtype.name] * scale, rtol=0, err_msg=name
        )
    for other in found[1:]:
        for name, a, b in zip(names, found[0], other, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(deadline=None, max_examples=300)
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=pairs,
    pad=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    dilation=pairs,
    n_group=st.integers(1, 3),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    counts=st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_any_geometry(kernel, stride, pad, dilation, n_group, size, counts, dtype):
    """Stride, padding, dilation and groups in every combination agree with the slow reference."""
    window = Window(kernel, stride, pad, dilation)
    assume(min(window.floor_size(size)) >= 1)
    n, c, k = counts
    case = random_case(window, n_group, (n, c * n_group, *size), k * n_group, dtype)
    check(window, n_group, case)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("window", "n_group", "x_shape", "n_filter"),
    [
        (Window((5, 5)), 1, (64, 1, 16, 16), 20),
        (Window((5, 5)), 1, (64, 8, 12, 12), 50),
        (Window((3, 3), (2, 2), (1, 1)), 1, (96, 4, 17, 15), 16),
        (Window((3, 3), (1, 1), (1, 1)), 2, (130, 6, 6, 6), 32),
        (Window((3, 2), (1, 1), (2, 0), (2, 2)), 1, (40, 5, 11, 9), 24),
        (Window((4, 4)), 1, (700, 8, 4, 4), 40),
        (Window((1, 1)), 1, (50, 24, 9, 7), 32),
        (Window((1, 9), (1, 1), (0, 4)), 1, (16, 4, 1, 200), 64),
    ],
)
def test_large_enough_for_threads(window, n_group, x_shape, n_filter, dtype):
    """Shapes that are cut into several units, and run in several threads, agree as well."""
    check(window, n_group, random_case(window, n_group, x_shape, n_filter, dtype))
