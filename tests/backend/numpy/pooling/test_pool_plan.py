"""How a pooling is cut into parts and tiles."""

from __future__ import annotations

from itertools import pairwise

import pytest

from graphnet.backend.numpy.pooling.pool_plan import N_UNITS, TILE_ELEMENTS, PoolPlan
from graphnet.backend.window import Window


def plan_of(window, shape, kind="Max"):
    return PoolPlan(window, shape, (*shape[:2], *window.ceil_size(shape[2:])), kind)


@pytest.mark.parametrize("shape", [(64, 20, 24, 24), (1, 512, 7, 7), (600, 70, 30, 30)])
@pytest.mark.parametrize("window", [Window((2, 2), (2, 2)), Window((3, 1), (2, 1))], ids=str)
def test_parts_are_all_channels_and_columns_once(window, shape):
    """Whatever the shape: no element twice, none left out."""
    plan = plan_of(window, shape)
    met = [(c, x) for c, xs in plan.parts for c in range(shape[1])[c] for x in range(shape[3])[xs]]
    assert len(met) == len(set(met)) == shape[1] * shape[3]


def test_small_images_are_one_part():
    """Calls on parts would take longer than what they do; larger ones are for the threads."""
    two = Window((2, 2), (2, 2))
    assert len(plan_of(two, (1, 20, 24, 24)).parts) == 1
    assert len(plan_of(two, (64, 20, 24, 24)).parts) == N_UNITS


def test_a_part_of_few_samples_keeps_long_runs():
    """Channels that are pooled as samples are not cut below what a run should have."""
    plan = plan_of(Window((3, 3), (2, 2)), (1, 130, 56, 56))
    assert plan.turned
    assert [c.stop - c.start for c in plan.channels] == [65, 65]


def test_tiles_are_no_larger_than_a_cache_holds():
    """Rows of a part are worked on a few at a time."""
    plan = plan_of(Window((2, 2), (2, 2)), (600, 4, 120, 120))
    assert len(plan.rows) > 1
    assert all(a[1] == b[0] for a, b in pairwise(plan.rows))
    n_channels, _, n_columns, n = plan.part
    most = max(stop - start for start, stop in plan.rows)
    assert n_channels * 2 * most * n_columns * n <= 2 * TILE_ELEMENTS
