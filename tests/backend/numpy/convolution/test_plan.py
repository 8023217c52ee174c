"""Tests of graphnet.backend.numpy.convolution.plan."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graphnet.backend.numpy.convolution.lowered_plan import LoweredPlan
from graphnet.backend.numpy.convolution.minimal_filtering import MOST_POINTS
from graphnet.backend.numpy.convolution.plan import LOWERED_ELEMENTS, N_UNITS
from graphnet.backend.numpy.convolution.winograd_plan import WinogradPlan
from graphnet.backend.window import Window

numbers = st.integers(1, 4)


@st.composite
def plans(draw):
    """Convolutions of any geometry, some with many columns and samples."""
    window = Window(
        kernel=draw(st.tuples(numbers, numbers)),
        stride=draw(st.tuples(numbers, numbers)),
        pad=draw(st.tuples(st.integers(0, 3), st.integers(0, 3))),
        dilation=draw(st.tuples(numbers, numbers)),
    )
    size = draw(st.tuples(st.integers(1, 30), st.integers(1, 30)))
    assume(min(window.floor_size(size)) >= 1)
    n_group, depth, n_filter = draw(numbers), draw(st.integers(1, 40)), draw(st.integers(1, 70))
    n_sample = draw(st.sampled_from([1, 2, 7, 64, 600, 2000]))
    x, filter_ = (n_sample, depth * n_group, *size), (n_filter * n_group, depth, *window.kernel)
    lowered = LoweredPlan(window, n_group, x, filter_)
    winograd = WinogradPlan(window, n_group, x, filter_)
    can = winograd.n_points <= MOST_POINTS and window.stride[1] == window.dilation[1] == 1
    return draw(st.sampled_from([lowered, winograd] if can else [lowered]))


@settings(deadline=None)
@given(plans())
def test_units_cover_the_output_once(plan):
    """Every output row, column and sample comes from exactly one unit."""
    n, _, height, width = plan.y
    seen = {}
    for unit in plan.units:
        for p in range(height)[unit.rows.outputs][unit.start : unit.stop]:
            key = (p, unit.columns.q.start, unit.columns.n.start)
            assert key not in seen
            columns, samples = plan.outputs(unit.columns), unit.columns.n
            seen[key] = (columns.stop - columns.start) * (samples.stop - samples.start)
    assert sum(seen.values()) == n * height * width
    assert sorted(u.before for u in plan.units) == [u.before for u in plan.units]
    for unit, following in pairwise(plan.units):
        assert following.before == unit.before + unit.stop - unit.start


@settings(deadline=None)
@given(plans())
def test_large_work_is_shared_out(plan):
    """There are units for several threads where waking them pays, if there are rows enough."""
    if not plan.inline and plan.y[2] >= N_UNITS:
        assert len(plan.units) * plan.n_group >= N_UNITS


@settings(deadline=None)
@given(plans())
def test_units_keep_within_the_cache(plan):
    """A unit's lowered image is no larger than it should be, except for the rows of a window."""
    rows = plan.lowered[0]
    window_rows = (2 * plan.filter[2] + plan.row_classes[0].stride) * plan.row_classes[0].stride
    assert prod(plan.lowered) <= LOWERED_ELEMENTS or rows <= window_rows + plan.filter[2]


@settings(deadline=None)
@given(plans())
def test_lowered_rows_are_the_windows_rows(plan):
    """Tap r of an output row meets the lowered row it should, in the image or in the padding."""
    kernel, stride, pad, dilation = (
        pair[0]
        for pair in (plan.window.kernel, plan.window.stride, plan.window.pad, plan.window.dilation)
    )
    height = plan.x[2]
    for rows in plan.row_classes:
        used = (rows.n_out - 1) * rows.stride + kernel
        low, high = rows.inside(0, used)
        image_rows = range(height)[rows.image(low, high)] if low < high else range(0)
        for index, p in enumerate(range(plan.y[2])[rows.outputs]):
            for r in range(kernel):
                lowered, wanted = index * rows.stride + r, p * stride + r * dilation - pad
                if 0 <= wanted < height:
                    assert image_rows[lowered - low] == wanted
                else:
                    assert not low <= lowered < high


@settings(deadline=None)
@given(plans())
def test_gradient_units_share_no_row(plan):
    """What is written in different units never overlaps, and unread rows are noticed."""
    written = [
        (row, channel)
        for unit in plan.gradient_units
        for row in range(plan.x[2])[unit.rows.image(unit.start, unit.stop)]
        for channel in range(unit.channels.start, unit.channels.stop)
    ]
    assert len(written) == len(set(written))
    rows = {row for row, _ in written}
    assert plan.unread_rows == (len(rows) < plan.x[2])


@settings(deadline=None)
@given(plans())
def test_lanes_hold_every_unit(plan):
    """Each unit is in one lane, each filter in one part."""
    units = [unit for lane in plan.lanes for unit in lane]
    assert sorted(map(id, units)) == sorted(map(id, plan.units))
    filters = [k for part in plan.filter_parts for k in range(part.start, part.stop)]
    assert filters == list(range(plan.filters_per_group))


@settings(deadline=None)
@given(plans())
def test_rows_that_reach_a_row(plan):
    """The output rows and taps that meet an image row, in the order of the flipped filter."""
    kernel = plan.filter[2]
    for unit in plan.gradient_units:
        order = plan.flipped_taps(unit.rows.stride)
        assert sorted(order) == list(range(kernel))
        low, high = plan.output_rows(unit)
        for row, start, stop, tap in plan.reaching(unit):
            expected = [
                (p, row - p * unit.rows.stride)
                for p in range(unit.rows.n_out)
                if 0 <= row - p * unit.rows.stride < kernel
            ]
            found = [(p, order[tap + p - start]) for p in range(start, stop)]
            assert found == expected
            assert stop == start or low <= start < stop <= high
