"""Cases of convolution for the backends, and one step of it on any of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from support.naive_windows import convolve
from support.poisoned import placed, scratch_for, spoil

from graphnet.backend.base import ConvArrays
from graphnet.backend.window import Window

DIFFS = ("dx", "dfilter", "dbias")
TOLERANCE = {"float32": 2e-4, "float64": 1e-10}
PADDED = Window((3, 3), (2, 1), (1, 1))

#: Window, groups, bottom and filters: shapes that are cut into several units of work.
LARGE = [
    (Window((5, 5)), 1, (64, 1, 16, 16), 20),
    (Window((5, 5)), 1, (64, 8, 12, 12), 50),
    (Window((3, 3), (2, 2), (1, 1)), 1, (96, 4, 17, 15), 16),
    (Window((3, 3), (1, 1), (1, 1)), 2, (130, 6, 6, 6), 32),
    (Window((3, 2), (1, 1), (2, 0), (2, 2)), 1, (40, 5, 11, 9), 24),
    (Window((4, 4)), 1, (700, 8, 4, 4), 40),
    (Window((1, 1)), 1, (50, 24, 9, 7), 32),
    (Window((1, 9), (1, 1), (0, 4)), 1, (16, 4, 1, 200), 64),
    (Window((5, 5)), 1, (64, 20, 12, 12), 50),
    (Window((5, 5), pad=(2, 2)), 1, (100, 16, 10, 9), 48),
    (Window((3, 3), (1, 1), (1, 1)), 2, (400, 64, 5, 7), 96),
    (Window((3, 2), (2, 1), (1, 1), (2, 1)), 1, (150, 32, 9, 30), 40),
]


def random_case(window, n_group, x_shape, n_filter, dtype, seed=0):
    """The inputs of a convolution, as host arrays."""
    rng = np.random.default_rng(seed)
    n, c = x_shape[:2]
    y_shape = (n, n_filter, *window.floor_size(x_shape[2:]))
    shapes = (x_shape, (n_filter, c // n_group, *window.kernel), (n_filter,), y_shape)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def bound(backend, window, n_group, case, *, wanted=DIFFS, bias=True, backward=True):
    """The operation on placed arrays full of NaN where nothing is given, and those arrays."""
    x, filter_, bias_value, dy = case
    diffs = {
        name: placed(backend, np.full_like(like, np.nan), blob=name == "dx")
        for name, like in zip(DIFFS, (x, filter_, bias_value), strict=True)
        if name in wanted
    }
    arrays = ConvArrays(
        x=placed(backend, x, blob=True),
        filter=placed(backend, filter_),
        bias=placed(backend, bias_value) if bias else None,
        y=placed(backend, np.full_like(dy, np.nan), blob=True),
        dy=placed(backend, dy, blob=True) if backward else None,
        **diffs,
    )
    decls = backend.conv2d_scratch(window, n_group, x.shape, filter_.shape, backward=backward)
    scratch = scratch_for(backend, decls, x.dtype)
    return backend.conv2d(window, n_group, arrays, scratch), arrays, decls, scratch


def run(backend, window, n_group, case, **how):
    """Forward and backward once, scratch spoilt between; the results by name, as host arrays."""
    op, arrays, decls, scratch = bound(backend, window, n_group, case, **how)
    op.forward()
    spoil(scratch, decls)
    op.backward()
    named = {name: getattr(arrays, name) for name in ("y", *DIFFS)}
    return {name: backend.download(a) for name, a in named.items() if a is not None}


def check_equal(backends, window, n_group, case, **how):
    """Every result equals the slow one's, on all backends bit for bit the same."""
    expected = convolve(window, n_group, *case)
    found = [run(backend, window, n_group, case, **how) for backend in backends]
    for name, value in found[0].items():
        wanted = getattr(expected, name)
        scale = TOLERANCE[value.dtype.name] * max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(value, wanted, atol=scale, rtol=0, err_msg=name)
        for other in found[1:]:
            np.testing.assert_array_equal(value, other[name], err_msg=name)
    return found[0]


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def cases(draw, *, tiled=False):
    """A window, a number of groups, and random arrays that suit them.

    With ``tiled`` windows lie side by side along the width, as minimal filtering needs it.
    """
    window = Window(
        kernel=draw(st.tuples(st.integers(1, 4), st.integers(1, 6 if tiled else 4))),
        stride=draw(pairs),
        pad=draw(st.tuples(st.integers(0, 3), st.integers(0, 9 if tiled else 3))),
        dilation=draw(pairs),
    )
    if tiled:
        height = (window.stride[0], 1), (window.dilation[0], 1)
        window = replace(window, stride=height[0], dilation=height[1])
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 20 if tiled else 9)))
    assume(min(window.floor_size(size)) >= 1)
    n_group = draw(st.integers(1, 3))
    n, c, k = draw(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    arrays = random_case(window, n_group, (n, c * n_group, *size), k * n_group, dtype)
    return window, n_group, arrays
