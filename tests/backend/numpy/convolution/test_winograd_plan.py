"""Tests of graphnet.backend.numpy.convolution.winograd_plan: what is not common to all plans."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graphnet.backend.numpy.convolution.winograd_plan import FEWEST_CUT, TILE_COLUMNS, WinogradPlan
from graphnet.backend.window import Window


@st.composite
def plans(draw):
    """Any width of image and filter."""
    kernel, pad, width = draw(st.integers(1, 7)), draw(st.integers(0, 9)), draw(st.integers(1, 40))
    window = Window((3, kernel), (1, 1), (1, pad))
    assume(width + 2 * pad >= kernel)
    n = draw(st.sampled_from([1, 16, 100, 1000]))
    return WinogradPlan(window, 1, (n, 4, 9, width), (8, 4, 3, kernel))


@settings(deadline=None)
@given(plans())
def test_tiles_read_what_their_windows_meet(plan):
    """Element i of tile t is the image's column t m + i - pad, if there is one."""
    tiles = slice(plan.n_places // 2, plan.n_places)
    seen = {}
    for span in plan.inputs_of(tiles):
        for j, tile in enumerate(range(span.tiles.start, span.tiles.stop)):
            for i in range(span.size):
                seen[tiles.start + tile, span.part.start + i] = span.start + j * plan.tile + i
    pad, width = plan.window.pad[1], plan.x[3]
    assert seen == {
        (tile, i): tile * plan.tile + i - pad
        for tile in range(tiles.start, tiles.stop)
        for i in range(plan.n_points)
        if 0 <= tile * plan.tile + i - pad < width
    }


@settings(deadline=None)
@given(plans())
def test_tiles_give_every_output_once(plan):
    """The last tile fewer, if the width is no multiple."""
    columns = [
        span.start + j * plan.tile + i
        for span in plan.outputs_of(slice(0, plan.n_places))
        for j in range(span.n_tiles)
        for i in range(span.size)
    ]
    assert sorted(columns) == list(range(plan.y[3]))


@settings(deadline=None)
@given(plans())
def test_segments_are_reached_by_the_tiles_that_read_them(plan):
    """Every image column is in one segment, with every tile that reads it, at the right element."""
    pad, seen = plan.window.pad[1], {}
    for segment in plan.segments:
        span = segment.stretches
        for j in range(span.n_tiles):
            for i in range(span.size):
                column = span.start + j * plan.tile + i
                assert column not in seen
                reached = range(segment.blocks.start, segment.blocks.stop)
                tiles = [segment.tile + j + at for at in range(len(reached))]
                seen[column] = {
                    (tile, (plan.n_blocks - 1 - block) * plan.tile + span.part.start + i)
                    for tile, block in zip(tiles, reached, strict=True)
                }
    assert sorted(seen) == list(range(plan.x[3]))
    for column, met in seen.items():
        inside = {(tile, at) for tile, at in met if at < plan.n_points}
        assert inside == {
            (tile, column + pad - tile * plan.tile)
            for tile in range(plan.n_places)
            if 0 <= column + pad - tile * plan.tile < plan.n_points
        }


@settings(deadline=None)
@given(plans())
def test_gradient_columns(plan):
    """All tiles, every sample once, few enough of them at a time."""
    samples = [n for run in plan.gradient_columns for n in range(plan.x[0])[run.n]]
    assert samples == list(range(plan.x[0]))
    assert all(run.q == slice(0, plan.n_places) for run in plan.gradient_columns)
    widest = max(TILE_COLUMNS, 2 * FEWEST_CUT * plan.n_places)
    assert plan.gradient_width <= widest + 16 * plan.n_places


@pytest.mark.parametrize(
    ("pays", "window", "x", "filter_"),
    [
        (True, Window((5, 5)), (64, 20, 12, 12), (50, 20, 5, 5)),
        (True, Window((3, 3), pad=(1, 1)), (64, 64, 28, 28), (64, 64, 3, 3)),
        (True, Window((3, 3), (2, 1), (1, 1), (2, 1)), (64, 64, 28, 28), (64, 64, 3, 3)),
        (False, Window((5, 5)), (64, 1, 28, 28), (20, 1, 5, 5)),  # one channel
        (False, Window((5, 5)), (4, 20, 12, 12), (50, 20, 5, 5)),  # few samples
        (False, Window((3, 3), (1, 2), (1, 1)), (64, 64, 28, 28), (64, 64, 3, 3)),  # a stride
        (False, Window((3, 3), dilation=(1, 2)), (64, 64, 28, 28), (64, 64, 3, 3)),
        (False, Window((1, 1)), (64, 64, 28, 28), (64, 64, 1, 1)),
        (False, Window((11, 11)), (64, 64, 28, 28), (64, 64, 11, 11)),  # too many taps
        (False, Window((4, 4)), (64, 64, 4, 4), (64, 64, 4, 4)),  # one output
    ],
)
def test_where_it_pays(pays, window, x, filter_):
    """With a stride and a dilation of 1 along the width, channels and samples enough."""
    assert WinogradPlan(window, 1, x, filter_).pays == pays


@pytest.mark.parametrize(("samples", "n_units"), [(128, 1), (256, 2), (512, 4)])
def test_what_is_shared_out(samples, n_units):
    """By the multiply-adds of all its products: here 0.4 of those of the convolution."""
    plan = WinogradPlan(Window((5, 5)), 1, (samples, 6, 14, 14), (16, 6, 5, 5))
    products = [
        (plan.filters_per_group, plan.depth, len(columns))
        for unit in plan.units
        for columns in [unit.columns]
        for _ in range((unit.stop - unit.start) * plan.n_points)
    ]
    assert plan.macs == sum(rows * depth * columns for rows, depth, columns in products)
    assert (plan.n_units, plan.inline) == (n_units, n_units == 1)
    assert len(plan.gradient_units) == n_units
