"""Bars, histograms, and pictures one below the other."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.draw.bars import counts_picture, histogram_picture, stacked
from graphnet.draw.pixels import Thumbnail, grid
from graphnet.draw.shapes import Pixels, Rect, Text


def shapes_of(picture, kind):
    return [s for g in picture.groups for s in g.shapes if isinstance(s, kind)]


def test_bars_are_as_long_as_what_they_count():
    """None at all for nothing; the number stands beside it."""
    picture = counts_picture("t", [("a", 10), ("b", 5), ("c", 0)])
    ten, five, none = shapes_of(picture, Rect)
    assert ten.width == pytest.approx(2 * five.width)
    assert none.width == 0
    assert {"10", "5", "0"} <= {t.text for t in shapes_of(picture, Text)}
    assert ten.x + ten.width < picture.width
    assert counts_picture("t", []).title == "t"


def test_a_histogram_counts_every_finite_value():
    """The heights are in the ratio of the counts."""
    values = np.array([0.0] * 30 + [1.0] * 10 + [np.nan, np.inf])
    picture = histogram_picture("t", values, n_bins=4)
    *bars, _ = shapes_of(picture, Rect)
    assert [bar.height for bar in bars] == [110, pytest.approx(110 / 3)]
    assert "highest bar: 30 of 40" in {t.text for t in shapes_of(picture, Text)}


@pytest.mark.parametrize("values", [[np.nan], [], [2.0], [2.0, 2.0]])
def test_a_histogram_of_little(values):
    """Nothing finite, or one value alone."""
    picture = histogram_picture("t", np.array(values))
    texts = {t.text for t in shapes_of(picture, Text)}
    assert ("no finite value" in texts) == (not np.isfinite(values).any())


def test_stacked_pictures_do_not_overlap():
    """Each below the one before, pixels too."""
    tiles = grid("g", [Thumbnail(np.eye(4)[None])])
    both = stacked("both", [tiles, counts_picture("t", [("a", 1)])])
    (pixels,), (bar,) = shapes_of(both, Pixels), shapes_of(both, Rect)
    assert bar.y >= pixels.y + pixels.height
    assert bar.y == pytest.approx(tiles.height + 16 + 26)
    assert (both.width, both.title) == (640, "both")
