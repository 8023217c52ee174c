"""Strips and scenes: which digits are pasted, where, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.data.sets.embedded_sets import digits28
from graphnet.data.sets.pasted import (
    BACKGROUND,
    FEWEST,
    MOST,
    NO_DIGIT,
    SCENE,
    STRIP,
    halved,
    scenes,
    strips,
)


def blocks(n=40):
    """A made-up digit of each class: a filled square whose brightness is 100 + 10 · class."""
    label = np.arange(n) % 10
    data = np.zeros((n, 1, 28, 28), np.uint8)
    data[:, 0, 4:24, 4:24] = (100 + 10 * label)[:, None, None]
    return {"data": data, "label": label.astype(np.uint8)}


def test_a_strip_has_its_digits_from_left_to_right():
    """Two to five, then -1; where they do not overlap their brightness tells them."""
    made = strips(blocks(2000), per_strip=4, key=1)
    data, digits = made["data"], made["digits"].astype(int)
    assert data.shape == (500, 1, *STRIP)
    assert digits.shape == (500, MOST)
    counts = (digits != NO_DIGIT).sum(1)
    assert set(counts.tolist()) == set(range(FEWEST, MOST + 1))
    assert ((digits == NO_DIGIT) == (np.arange(MOST) >= counts[:, None])).all()
    assert data.max(axis=(1, 2, 3)).tolist() == [
        100 + 10 * row[:n].max() for row, n in zip(digits, counts, strict=True)
    ]
    for picture, row, n in zip(data[:, 0], digits, counts, strict=True):
        columns = np.flatnonzero(picture.any(0))
        first, last = picture[:, columns[0]], picture[:, columns[-1]]
        assert first.max() == 100 + 10 * row[0]
        assert last.max() == 100 + 10 * row[n - 1]
        assert columns[-1] - columns[0] + 1 in range(20 + 16 * (n - 1), 20 + 24 * (n - 1) + 1)


def test_a_scene_says_what_each_pixel_belongs_to():
    """One to four digits in quarters of their own; all else is ground, though there is ink."""
    made = scenes(blocks(600), per_scene=2, key=2)
    data, label = made["data"], made["label"]
    assert data.shape == (300, 1, *SCENE)
    assert label.shape == (300, *SCENE)
    n_digits = []
    for picture, areas in zip(data[:, 0], label, strict=True):
        whole = [areas[r : r + 16, c : c + 16] for r in (0, 16) for c in (0, 16)]
        seen = [set(np.unique(part).tolist()) - {BACKGROUND} for part in whole]
        assert all(len(classes) <= 1 for classes in seen)
        n_digits.append(sum(map(len, seen)))
        for part, classes in zip(whole, seen, strict=True):
            for c in classes:
                assert (part == c).sum() == 100  # a square of 20 × 20, halved
        for c in set().union(*seen):
            assert picture[areas == c].min() >= 100 + 10 * int(c)
    assert set(n_digits) == {1, 2, 3, 4}
    lies_about = (data[:, 0] > 0) & (label == BACKGROUND)
    assert 0.02 < lies_about.mean() < 0.25


def test_halved_is_the_mean_of_four():
    """Rounded, and never beyond 255."""
    image = np.array([[[255, 255, 0, 1], [255, 255, 1, 0]]], np.uint8)
    np.testing.assert_array_equal(halved(image), [[[255, 1]]])


@pytest.mark.parametrize("make", [strips, scenes])
def test_the_key_decides(make):
    """The same key makes the same; every other one something else."""
    samples = {name: values[:50] for name, values in digits28()["test"].items()}
    one, again, other = make(samples), make(samples), make(samples, key=1)
    for name, values in one.items():
        np.testing.assert_array_equal(values, again[name])
        assert (values != other[name]).any()
    assert one["data"].dtype == np.uint8
