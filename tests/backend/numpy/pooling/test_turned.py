"""Pooling of few samples, channel by channel as if each were a sample."""

from __future__ import annotations

import numpy as np
import pytest
from support.naive_windows import pool
from support.pool_cases import DIVISORS, TOLERANCE, case, run

from graphnet.backend import open_backend
from graphnet.backend.numpy.pooling import pool_plan
from graphnet.backend.numpy.pooling.pool_plan import PoolPlan
from graphnet.backend.window import Window

BACKENDS = {n: open_backend("numpy", n) for n in (1, 2, 4)}
WINDOWS = [
    Window((2, 2), (2, 2)),
    Window((3, 3), (2, 2), (1, 1)),
    Window((7, 5), (1, 1), (3, 2)),
    Window((1, 3), (1, 2)),
    Window((3, 2), (3, 3)),
]


def plan_of(window, shape, kind="Max"):
    return PoolPlan(window, shape, (*shape[:2], *window.ceil_size(shape[2:])), kind)


@pytest.mark.parametrize("units", [2**15, 100])
@pytest.mark.parametrize("shape", [(1, 70, 9, 8), (7, 67, 11, 7), (15, 5, 8, 8)])
@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("what", [("Max", "kernel"), *(("Mean", d) for d in DIVISORS)], ids=str)
def test_as_many_samples(monkeypatch, what, window, shape, units):
    """In one part, and in several that differ in size: the slow one's, alike for any threads."""
    monkeypatch.setattr(pool_plan, "UNIT_ELEMENTS", units)
    monkeypatch.setattr(pool_plan, "INLINE_ELEMENTS", units)
    assert plan_of(window, shape, what[0]).turned
    x, dy = case(window, shape, "float32", levels=3)
    expected = pool(what[0], window, what[1], x, dy)
    found = [run(backend, what[0], window, what[1], x, dy) for backend in BACKENDS.values()]
    for name, values in zip(("y", "dx"), expected, strict=True):
        at = ("y", "dx").index(name)
        tolerance = TOLERANCE["float32"] * max(window.kernel) ** 2
        np.testing.assert_allclose(found[0][at], values, atol=tolerance, rtol=0)
        for other in found[1:]:
            np.testing.assert_array_equal(other[at], found[0][at])
    alone, _ = run(BACKENDS[1], what[0], window, what[1], x, dy, backward=False)
    np.testing.assert_array_equal(alone, found[0][0])


def test_the_same_bits_as_of_many_samples(monkeypatch):
    """The copies change nothing."""
    window, shape = Window((3, 3), (2, 2)), (8, 16, 15, 15)
    x, dy = case(window, shape, "float32", levels=50)
    turned = run(BACKENDS[1], "Max", window, "kernel", x, dy)
    monkeypatch.setattr(pool_plan, "is_turned", lambda _shape: False)
    assert not plan_of(window, shape).turned
    plain = run(BACKENDS[1], "Max", window, "kernel", x, dy)
    assert [a.tobytes() for a in turned] == [a.tobytes() for a in plain]


def test_where_it_pays():
    """Few samples of many channels, where rows are short or each element is met often."""
    two, three = Window((2, 2), (2, 2)), Window((3, 3), (2, 2))
    assert plan_of(two, (1, 512, 7, 7)).turned
    assert plan_of(three, (1, 64, 56, 56)).turned
    assert not plan_of(three, (1, 64, 56, 56), "Mean").turned
    assert not plan_of(two, (1, 64, 56, 56)).turned
    assert not plan_of(two, (64, 512, 7, 7)).turned
    assert not plan_of(two, (1, 3, 7, 7)).turned
