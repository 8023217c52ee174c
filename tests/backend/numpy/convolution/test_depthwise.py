"""Tests of graphnet.backend.numpy.convolution.depthwise: each channel with filters of its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.array_utils import byte_bounds
from support.conv_cases import DIFFS, TOLERANCE, random_case, run
from support.naive_windows import convolve

from graphnet.backend import open_backend
from graphnet.backend.base import ConvArrays
from graphnet.backend.numpy.convolution.conv2d import plan_conv2d
from graphnet.backend.numpy.convolution.depthwise import DepthwiseUnit
from graphnet.backend.numpy.convolution.depthwise_plan import DepthwisePlan
from graphnet.backend.numpy.scratch import carve
from graphnet.backend.window import Window

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}
SAME = Window((3, 3), pad=(1, 1))
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def shapes(draw):
    """A window, a bottom, and the number of filters."""
    window = Window(
        kernel=draw(st.tuples(st.integers(1, 5), st.integers(1, 5))),
        stride=draw(pairs),
        pad=draw(st.tuples(st.integers(0, 3), st.integers(0, 3))),
        dilation=draw(pairs),
    )
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    n, channels, per_channel = draw(
        st.tuples(st.sampled_from([1, 1, 2, 5]), st.integers(2, 6), st.integers(1, 4))
    )
    least = window.floor_size(size)
    size = tuple(s if out >= 1 else s + 13 for s, out in zip(size, least, strict=True))
    return window, (n, channels, *size), channels * per_channel


@settings(max_examples=150)
@given(shapes(), st.sampled_from(["float32", "float64"]), st.integers(0, 10))
def test_it_is_what_the_definition_says(shape, dtype, seed):
    """The output and all gradients, at any geometry, on buffers full of NaN."""
    window, x_shape, n_filter = shape
    channels = x_shape[1]
    case = random_case(window, channels, x_shape, n_filter, dtype, seed)
    assert isinstance(plan_conv2d(window, channels, x_shape, case[1].shape), DepthwisePlan)
    found, expected = run(BACKENDS[1], window, channels, case), convolve(window, channels, *case)
    for name, value in found.items():
        np.testing.assert_allclose(value, getattr(expected, name), atol=TOLERANCE[dtype])


@pytest.mark.parametrize("name", DIFFS)
def test_each_gradient_alone(name):
    """What is not wanted is not needed for the others."""
    case = random_case(SAME, 4, (3, 4, 6, 5), 8, "float64")
    found, expected = run(BACKENDS[1], SAME, 4, case, wanted=[name]), convolve(SAME, 4, *case)
    assert found.keys() == {"y", name}
    np.testing.assert_allclose(found[name], getattr(expected, name), atol=1e-10)


def test_without_bias_and_without_backward():
    """As a net that only predicts has it."""
    x, filter_, bias, dy = random_case(SAME, 4, (3, 4, 6, 5), 4, "float64")
    case = (x, filter_, 0 * bias, dy)
    found = run(BACKENDS[1], SAME, 4, case, wanted=[], bias=False, backward=False)
    np.testing.assert_allclose(found["y"], convolve(SAME, 4, *case).y, atol=1e-10)


@given(shapes())
def test_no_view_reaches_beyond_its_scratch(shape):
    """The runs that taps meet, laid over each other by their strides, stay within the slot."""
    window, x_shape, n_filter = shape
    channels = x_shape[1]
    filter_ = (n_filter, 1, *window.kernel)
    plan = DepthwisePlan(window, channels, x_shape, filter_)
    x, weights, bias, dy = random_case(window, channels, x_shape, n_filter, "float64")
    blobs = [np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 0, -1)), -1, 0) for a in (x, dy)]
    arrays = ConvArrays(blobs[0], weights, bias, blobs[1], dy=blobs[1])
    for part in plan.units:
        unit = DepthwiseUnit(plan, part, arrays)
        c = unit.n_channels
        planes, sent = np.empty(plan.planes(c)), np.empty(plan.sent_planes(c))
        for rows, columns in unit.phases():
            chunks = (plan.n_chunked // plan.chunk, plan.chunk)
            for view in (
                unit.met(planes, rows, columns, (unit.run_length,), (1,)),
                unit.met(planes, rows, columns, chunks, (plan.chunk, 1)),
            ):
                assert within(view, planes)
            (top, bottom), (left, right) = (
                span.elements(phase)
                for span, phase in zip(plan.spans, (rows, columns), strict=True)
            )
            if top < bottom and left < right:
                length = ((bottom - top - 1) * plan.sent[1] + right - left) * x_shape[0]
                assert within(unit.sent_back(sent, rows, columns, (top, left), length), sent)
        needed = (plan.sent_planes(c), plan.gradients(c))
        carve(np.empty(plan.slot_scratch(backward=True)), *needed)


def within(view, array):
    """Whether all that a view can reach is the array's."""
    (low, high), (start, stop) = byte_bounds(view), byte_bounds(array)
    return start <= low and high <= stop


@pytest.mark.parametrize("n", [1, 8])
def test_threads_give_the_same_bits(n):
    """Of a convolution large enough to be shared out."""
    window = Window((3, 3), (2, 2), (1, 1))
    case = random_case(window, 96, (n, 96, 101, 99), 96, "float32")
    plan = plan_conv2d(window, 96, case[0].shape, case[1].shape)
    assert plan.inline is False
    assert len(plan.units) >= 4
    results = [run(backend, window, 96, case) for backend in BACKENDS.values()]
    for other in results[1:]:
        for name, value in other.items():
            np.testing.assert_array_equal(value, results[0][name])


def test_sums_over_many_places_keep_their_digits():
    """The filter's gradient of ones, over more places than float32 counts one by one with ease."""
    shape = (64, 2, 96, 96)
    ones = [np.ones(s, np.float32) for s in (shape, (2, 1, 1, 1), (2,), shape)]
    found = run(BACKENDS[1], Window((1, 1)), 2, ones)
    np.testing.assert_allclose(found["dfilter"].reshape(-1), 64 * 96 * 96, rtol=1e-6)
    np.testing.assert_allclose(found["dbias"], 64 * 96 * 96, rtol=1e-6)
