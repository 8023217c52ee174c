"""Tests of graphnet.backend.window."""

from hypothesis import given
from hypothesis import strategies as st

from graphnet.backend.window import Window

SIZES = st.tuples(st.integers(1, 30), st.integers(1, 30))
PAIRS = st.tuples(st.integers(1, 5), st.integers(1, 5))
PADS = st.tuples(st.integers(0, 3), st.integers(0, 3))


@given(SIZES, PAIRS, PAIRS, PADS, PAIRS)
def test_windows_inside(size, kernel, stride, pad, dilation):
    """As many as lie wholly inside the padded image, counted one by one."""
    found = Window(kernel, stride, pad, dilation).floor_size(size)
    for n, k, s, p, d, out in zip(size, kernel, stride, pad, dilation, found, strict=True):
        span = d * (k - 1) + 1
        starts = [start for start in range(-p, n + p, s) if start + span <= n + p]
        assert max(out, 0) == len(starts)


@given(SIZES, PAIRS, PAIRS)
def test_windows_that_hang_over(size, kernel, stride):
    """Without a pad: as many as it takes to cover every place that a window reaches."""
    found = Window(kernel, stride).ceil_size(size)
    for n, k, s, out in zip(size, kernel, stride, found, strict=True):
        if k <= n:
            assert (out - 1) * s + k >= n > (out - 2) * s + k


@given(SIZES, PAIRS, PAIRS, PADS)
def test_no_window_lies_in_the_trailing_pad(size, kernel, stride, pad):
    """With a pad, Caffe's rule."""
    found = Window(kernel, stride, pad).ceil_size(size)
    for n, k, s, p, out in zip(size, kernel, stride, pad, found, strict=True):
        if any(pad) and k <= n + 2 * p and p < k:
            assert (out - 1) * s < n + p
