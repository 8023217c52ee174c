"""The adding problem: what is marked, where, and what it adds up to."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.data.sets.adding import ROWS, STEPS, adding, sequences


def test_two_numbers_are_marked_and_added():
    """One of the first ten, one of the first half, and never the ends, which have -1."""
    made = sequences(2000, key=3)
    data, target = made["data"].astype(np.float64), made["target"]
    numbers, markers = data[:, :, 0], data[:, :, 1]
    assert -1 <= numbers.min() < -0.999
    assert 0.999 < numbers.max() <= 1
    assert (markers[:, [0, -1]] == -1).all()
    assert set(np.unique(markers[:, 1:-1])) == {0, 1}
    rows, places = np.nonzero(markers == 1)
    np.testing.assert_array_equal(rows, np.repeat(np.arange(2000), 2))
    first, second = places.reshape(-1, 2).T
    assert first.min() == 1
    assert first.max() <= 9
    assert second.max() == STEPS // 2 - 1
    expected = 0.5 + (numbers * (markers == 1)).sum(1) / 4
    np.testing.assert_allclose(target, expected, atol=1e-7)


def test_saying_the_mean_is_far_from_right():
    """The variance of two numbers from -1 to 1, divided by 16; few are within 0.04 of one half."""
    target = adding()["test"]["target"]
    assert target.var() == pytest.approx(1 / 24, rel=0.05)
    assert (abs(target - 0.5) < 0.04).mean() < 0.2


def test_the_splits():
    """Apart from each other, the same each time, and shared: nobody may write to them."""
    splits = adding()
    for split, n in ROWS.items():
        assert splits[split]["data"].shape == (n, STEPS, 2)
        assert not splits[split]["data"].flags.writeable
    assert (splits["train"]["data"][: ROWS["test"], 5] != splits["test"]["data"][:, 5]).any(1).all()
    expected = [0.3069027, 0.4966192, 0.0718971]
    np.testing.assert_allclose(splits["train"]["target"][:3], expected, rtol=1e-6)
