"""Tests of graphnet.backend.numpy.convolution.depthwise_plan: phases, and where it pays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.backend.numpy.convolution.depthwise_plan import PLANE_ELEMENTS, DepthwisePlan, Span
from graphnet.backend.window import Window

SAME = Window((3, 3), pad=(1, 1))


@st.composite
def spans(draw):
    """One axis on which at least one window fits."""
    size, kernel, stride, dilation = (draw(st.integers(1, n)) for n in (20, 6, 5, 4))
    pad = draw(st.integers(0, 5))
    out = (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
    return Span(size, max(out, 1), kernel, stride, pad, dilation)


@given(spans())
def test_each_tap_meets_one_phase_where_it_should(span):
    """Tap by tap: the phase's elements are those of the padded axis that the tap meets."""
    met = {}
    for phase in span.phases:
        taps = range(phase.taps.start, phase.taps.stop, phase.taps.step)
        assert len(taps) == phase.n_taps
        for i, tap in enumerate(taps):
            met[tap] = phase.start + (phase.first + i * phase.step) * span.stride
        assert phase.first + (phase.n_taps - 1) * phase.step == phase.last <= span.reach
    assert met == {tap: tap * span.dilation for tap in range(span.kernel)}


@given(spans())
def test_the_elements_inside_are_those_of_the_image(span):
    """All of them, and nothing of the padding."""
    for phase in span.phases:
        places = range(phase.start - span.pad, span.size, span.stride)
        inside = [i for i, place in enumerate(places) if place >= 0]
        low, high = span.elements(phase)
        assert list(range(low, high)) == inside
        if inside:
            image = list(range(span.size))[span.image(phase, low, high)]
            assert image == [place for place in places if place >= 0]


@pytest.mark.parametrize(
    ("n_group", "n_filter", "depth", "expected"),
    [(8, 8, 1, True), (8, 32, 1, True), (8, 40, 1, False), (1, 4, 1, False), (4, 8, 2, False)],
)
def test_where_it_pays(n_group, n_filter, depth, expected):
    """A channel a group, several groups, few filters each."""
    shape = (2, n_group * depth, 6, 6)
    assert DepthwisePlan(SAME, n_group, shape, (n_filter, depth, 3, 3)).pays is expected


def test_units_are_runs_of_channels_that_fit_the_cache():
    """Together all channels, each once."""
    plan = DepthwisePlan(SAME, 512, (8, 512, 28, 28), (512, 1, 3, 3))
    channels = [c for unit in plan.units for c in range(unit.start, unit.stop)]
    assert channels == list(range(512))
    assert (plan.most_channels - 1) * 30 * 30 * 8 <= PLANE_ELEMENTS
