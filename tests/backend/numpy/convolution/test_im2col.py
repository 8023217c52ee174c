"""Tests of graphnet.backend.numpy.convolution.im2col: products of many rows at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conv_cases import (
    DIFFS,
    LARGE,
    PADDED,
    bound,
    cases,
    check_equal,
    random_case,
)
from support.naive_windows import convolve

from graphnet.backend import open_backend
from graphnet.backend.numpy.convolution import depthwise_plan, im2col_plan, plan
from graphnet.backend.numpy.convolution.conv2d import plan_conv2d
from graphnet.backend.numpy.convolution.im2col_plan import Im2colPlan
from graphnet.backend.window import Window

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}


@pytest.fixture(autouse=True, scope="module")
def always():
    """Every convolution is computed so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(im2col_plan, "FEW_COLUMNS", 10**9)
        patch.setattr(depthwise_plan, "MOST_FILTERS", 0)
        yield


def check(window, n_group, case, **how):
    """As the slow reference has it, whatever the number of threads."""
    assert isinstance(plan_conv2d(window, n_group, case[0].shape, case[1].shape), Im2colPlan)
    return check_equal(BACKENDS.values(), window, n_group, case, **how)


@settings(deadline=None, max_examples=100)
@given(cases())
def test_any_geometry(case):
    """Stride, padding, dilation and groups in every combination agree with the slow reference."""
    check(*case)


@settings(deadline=None, max_examples=200)
@given(
    cases(),
    st.fixed_dictionaries(
        {
            "INLINE_MACS": st.just(0),
            "N_UNITS": st.integers(1, 9),
            "LOWERED_ELEMENTS": st.integers(1, 300),
            "ENOUGH_COLUMNS": st.integers(0, 20),
        }
    ),
)
def test_any_cut(case, constants):
    """However the work is cut into runs of rows, filters and channels, the results are right."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in constants.items():
            for module in (im2col_plan, plan):
                if hasattr(module, name):
                    patch.setattr(module, name, value)
        check(*case)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("window", "n_group", "x_shape", "n_filter"),
    [
        *LARGE[:6],
        (Window((3, 3), pad=(1, 1)), 1, (1, 96, 14, 14), 96),
        (Window((1, 1)), 1, (1, 256, 7, 7), 300),
        (Window((1, 1)), 2, (2, 256, 20, 20), 64),
    ],
)
def test_large_enough_for_threads(window, n_group, x_shape, n_filter, dtype):
    """Shapes that are cut into several units, and run in several threads, agree as well."""
    check(window, n_group, random_case(window, n_group, x_shape, n_filter, dtype))


@pytest.mark.parametrize("window", [PADDED, Window((1, 1))])
@pytest.mark.parametrize(
    "wanted", [(), ("dx",), ("dfilter",), ("dbias",), ("dfilter", "dbias"), ("dx", "dbias")]
)
def test_only_what_is_wanted(wanted, window):
    """A diff that is None is not computed, the others are."""
    case = random_case(window, 2, (3, 4, 6, 5), 4, "float64")
    assert set(check(window, 2, case, wanted=wanted)) == {"y", *wanted}


def test_without_bias_and_without_backward():
    """As a net that only predicts has it; backward then does nothing."""
    x, filter_, bias, dy = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64")
    op, arrays, _, _ = bound(
        BACKENDS[2], PADDED, 1, (x, filter_, bias, dy), wanted=(), bias=False, backward=False
    )
    op.forward()
    op.backward()
    np.testing.assert_allclose(arrays.y, convolve(PADDED, 1, x, filter_, 0 * bias, dy).y, 1e-12)


def test_backward_needs_no_forward():
    """The gradients of image and filters alone can be had at any time."""
    case = random_case(PADDED, 2, (3, 4, 6, 5), 4, "float64")
    op, arrays, _, _ = bound(BACKENDS[1], PADDED, 2, case)
    op.backward()
    for name in DIFFS:
        expected = getattr(convolve(PADDED, 2, *case), name)
        np.testing.assert_allclose(getattr(arrays, name), expected, atol=1e-12)
