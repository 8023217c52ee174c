"""Tests of graphnet.backend.numpy.convolution.banded: depthwise, by matrices of bands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conv_cases import DIFFS, TOLERANCE, random_case, run
from support.naive_windows import convolve

from graphnet.backend import open_backend
from graphnet.backend.numpy.convolution import banded_plan
from graphnet.backend.numpy.convolution.banded_plan import BandedPlan
from graphnet.backend.numpy.convolution.conv2d import plan_conv2d
from graphnet.backend.window import Window

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}
SAME = Window((3, 3), pad=(1, 1))


@st.composite
def shapes(draw):
    """A window and a bottom, of few samples too."""
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    window = Window(
        kernel=kernel,
        stride=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        pad=(draw(st.integers(0, kernel[0] - 1)), draw(st.integers(0, 3))),
        dilation=(1, draw(st.integers(1, 3))),
    )
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    n, channels = draw(st.tuples(st.sampled_from([1, 2, 5, 17]), st.integers(2, 6)))
    least = window.floor_size(size)
    size = tuple(s if out >= 1 else s + 13 for s, out in zip(size, least, strict=True))
    return window, (n, channels, *size)


@settings(max_examples=150)
@given(shapes(), st.sampled_from(["float32", "float64"]), st.integers(0, 10))
def test_it_is_what_the_definition_says(shape, dtype, seed):
    """The output and all gradients, at any geometry, on buffers full of NaN."""
    window, x_shape = shape
    channels = x_shape[1]
    case = random_case(window, channels, x_shape, channels, dtype, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(banded_plan, "FEWEST_SAMPLES", 1)
        patch.setattr(banded_plan, "MOST_COLUMNS", {True: 100, False: 100})
        assert isinstance(plan_conv2d(window, channels, x_shape, case[1].shape), BandedPlan)
        found = run(BACKENDS[1], window, channels, case)
    expected = convolve(window, channels, *case)
    for name, value in found.items():
        np.testing.assert_allclose(value, getattr(expected, name), atol=TOLERANCE[dtype])


@pytest.mark.parametrize("name", DIFFS)
def test_each_gradient_alone(name):
    """What is not wanted is not needed for the others."""
    case = random_case(SAME, 4, (16, 4, 6, 5), 4, "float64")
    assert isinstance(plan_conv2d(SAME, 4, case[0].shape, case[1].shape), BandedPlan)
    found, expected = run(BACKENDS[1], SAME, 4, case, wanted=[name]), convolve(SAME, 4, *case)
    assert found.keys() == {"y", name}
    np.testing.assert_allclose(found[name], getattr(expected, name), atol=1e-10)


def test_without_bias_and_without_backward():
    """As a net that only predicts has it."""
    x, filter_, bias, dy = random_case(SAME, 4, (16, 4, 6, 5), 4, "float64")
    case = (x, filter_, 0 * bias, dy)
    found = run(BACKENDS[1], SAME, 4, case, wanted=[], bias=False, backward=False)
    np.testing.assert_allclose(found["y"], convolve(SAME, 4, *case).y, atol=1e-10)


@pytest.mark.parametrize("stride", [1, 2])
def test_threads_give_the_same_bits(stride):
    """Of a convolution large enough to be shared out."""
    window = Window((3, 3), (stride, stride), (1, 1))
    case = random_case(window, 48, (192, 48, 14, 14), 48, "float32")
    plan = plan_conv2d(window, 48, case[0].shape, case[1].shape)
    assert isinstance(plan, BandedPlan)
    assert plan.inline is False
    assert len(plan.units) >= 4
    results = [run(backend, window, 48, case) for backend in BACKENDS.values()]
    for other in results[1:]:
        for name, value in other.items():
            np.testing.assert_array_equal(value, results[0][name])


def test_sums_over_many_places_keep_their_digits():
    """The filter's gradient of ones, over more places than float32 counts one by one with ease."""
    shape = (500, 2, 60, 5)
    ones = [np.ones(s, np.float32) for s in (shape, (2, 1, 1, 1), (2,), shape)]
    assert isinstance(plan_conv2d(Window((1, 1)), 2, shape, (2, 1, 1, 1)), BandedPlan)
    found = run(BACKENDS[1], Window((1, 1)), 2, ones)
    np.testing.assert_allclose(found["dfilter"].reshape(-1), 500 * 60 * 5, rtol=1e-6)
    np.testing.assert_allclose(found["dbias"], 500 * 60 * 5, rtol=1e-6)
