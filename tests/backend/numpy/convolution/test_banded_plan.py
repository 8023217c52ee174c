"""Tests of graphnet.backend.numpy.convolution.banded_plan: where it pays, and which rows meet."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.backend.numpy.convolution import banded_plan
from graphnet.backend.numpy.convolution.banded_plan import BandedPlan
from graphnet.backend.window import Window

SAME = Window((3, 3), pad=(1, 1))


@pytest.mark.parametrize(
    ("window", "n_group", "x", "filter_", "pays"),
    [
        (SAME, 8, (32, 8, 14, 14), (8, 1, 3, 3), True),
        (SAME, 8, (32, 8, 14, 15), (8, 1, 3, 3), True),
        (SAME, 8, (8, 8, 14, 14), (8, 1, 3, 3), False),  # few samples
        (SAME, 8, (32, 8, 14, 16), (8, 1, 3, 3), False),  # wide
        (SAME, 8, (32, 8, 70, 14), (8, 1, 3, 3), False),  # more rows than are added plainly
        (SAME, 8, (32, 8, 14, 14), (16, 1, 3, 3), False),  # two filters a channel
        (SAME, 4, (32, 8, 14, 14), (4, 2, 3, 3), False),  # groups of two channels
        (SAME, 1, (32, 1, 14, 14), (1, 1, 3, 3), False),  # one channel
        (Window((3, 3), pad=(3, 1)), 8, (32, 8, 14, 14), (8, 1, 3, 3), False),  # rows of padding
        (Window((3, 3), dilation=(2, 1)), 8, (32, 8, 14, 14), (8, 1, 3, 3), False),
        (Window((3, 3), dilation=(1, 2)), 8, (32, 8, 14, 14), (8, 1, 3, 3), True),
    ],
)
def test_where_it_pays(window, n_group, x, filter_, pays, monkeypatch):
    """Of narrow planes of many samples, one filter a channel."""
    monkeypatch.setattr(banded_plan, "has_unpacked", lambda: False)
    assert BandedPlan(window, n_group, x, filter_).pays is pays


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pad", [0, 1, 4])
def test_rows_that_meet(kernel, stride, pad):
    """Both kinds of runs say which tap brings which rows together, each pair once."""
    window = Window((kernel, 3), (stride, 1), (min(pad, kernel - 1), 1))
    plan = BandedPlan(window, 2, (16, 2, 11, 7), (2, 1, kernel, 3))
    expected = {
        (p, p * stride + r - window.pad[0], r)
        for p in range(plan.y[2])
        for r in range(kernel)
        if 0 <= p * stride + r - window.pad[0] < 11
    }
    outputs = [
        (p, run.start + i * run.step + k, tap)
        for run in plan.output_runs
        for i, p in enumerate(range(plan.y[2])[run.rows])
        for k, tap in enumerate(range(kernel)[run.taps])
    ]
    images = [
        (run.start + i * run.step + k, row, tap)
        for run in plan.image_runs
        for i, row in enumerate(range(11)[run.rows])
        for k, tap in enumerate(plan.turned_taps[run.taps])
    ]
    assert len(outputs) == len(images) == len(expected)
    assert set(outputs) == set(images) == expected
    written = np.zeros(11, int)
    for run in plan.image_runs:
        written[run.rows] += 1
    assert written.tolist() == [1] * 11
