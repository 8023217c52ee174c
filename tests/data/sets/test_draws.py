"""Draws: the same numbers whatever version of NumPy there is."""

from __future__ import annotations

import numpy as np

from graphnet.data.sets.draws import Draws


def test_numbers_are_those_of_the_raw_words():
    """Which NumPy promises to keep; the remainder, and the upper 53 bits."""
    words = [int(w) for w in np.random.Philox(key=5).random_raw(6)]
    draws = Draws(5)
    np.testing.assert_array_equal(draws.below(7, (2,)), [w % 7 for w in words[:2]])
    np.testing.assert_array_equal(draws.unit((2,)), [(w >> 11) / 2**53 for w in words[2:4]])
    np.testing.assert_array_equal(draws.below(3, (1, 2)), [[w % 3 for w in words[4:]]])


def test_range_and_key():
    """Every number comes up, 0 and most - 1 among them; another key has others."""
    drawn = Draws(0).below(10, (2000,))
    assert np.bincount(drawn, minlength=10).min() > 150
    assert drawn.max() == 9
    assert (drawn != Draws(1).below(10, (2000,))).mean() > 0.8
    unit = Draws(0).unit((2000,))
    assert 0 <= unit.min() < 0.01
    assert 0.99 < unit.max() < 1
