"""Tests of graphnet.backend.numpy.convolution.im2col_plan: where it pays, and how it is cut."""

from __future__ import annotations

import pytest

from graphnet.backend.numpy.convolution.im2col_plan import FEW_COLUMNS, Im2colPlan
from graphnet.backend.window import Window

SAME, POINT = Window((3, 3), pad=(1, 1)), Window((1, 1))


@pytest.mark.parametrize(("n", "expected"), [(1, True), (4, True), (5, False), (64, False)])
def test_it_pays_where_rows_have_few_columns(n, expected):
    """Places times samples."""
    assert Im2colPlan(SAME, 1, (n, 32, 14, 14), (32, 32, 3, 3)).pays is expected
    assert FEW_COLUMNS == 64


@pytest.mark.parametrize(
    ("window", "size", "expected"),
    [
        (POINT, (7, 7), True),
        (SAME, (7, 7), False),
        (Window((1, 1), (2, 2)), (7, 7), False),
        (Window((1, 1), (1, 1), (1, 1)), (7, 7), False),
    ],
)
def test_planes_are_the_matrix_of_filters_of_one_element(window, size, expected):
    """With neither stride nor padding; nothing is copied then, and no scratch is needed."""
    plan = Im2colPlan(window, 1, (1, 512, *size), (64, 512, *window.kernel))
    assert plan.in_place is expected
    assert (plan.slot_scratch(backward=True) == 0) is expected


def test_small_planes_are_shared_out_by_filters():
    """One matrix for all units: a run of rows would have 14 columns."""
    plan = Im2colPlan(SAME, 1, (1, 512, 7, 7), (512, 512, 3, 3))
    assert plan.shared
    assert plan.rows == [(0, 7)]
    assert len(plan.filter_parts) == 4


def test_larger_planes_are_cut_into_rows():
    """So that each matrix stays in the cache."""
    plan = Im2colPlan(SAME, 1, (1, 256, 28, 28), (256, 256, 3, 3))
    assert not plan.shared
    assert plan.rows[0][0] == 0
    assert plan.rows[-1][1] == 28
    assert plan.matrix[0] * plan.matrix[1] <= 2**19


def test_small_work_is_one_unit():
    """Not worth waking a thread for."""
    plan = Im2colPlan(SAME, 1, (1, 8, 7, 7), (8, 8, 3, 3))
    assert plan.inline
    assert plan.n_slots(8) == len(plan.rows) == len(plan.filter_parts) == 1
