"""How params are spread, over the snapshots."""

from __future__ import annotations

import numpy as np

from graphnet.draw.svg import svg
from graphnet.report.distributions import (
    MOST_SNAPSHOTS,
    chosen,
    distributions_picture,
    histograms_picture,
    quantiles,
)


def test_few_snapshots_are_all_read_and_of_many_some():
    """The first and the last are among them, in order."""
    assert chosen([30, 10, 20]) == [10, 20, 30]
    found = chosen(range(1000))
    assert len(found) == MOST_SNAPSHOTS
    assert (found[0], found[-1]) == (0, 999)
    assert found == sorted(set(found))


def test_quantiles():
    """Least, quarters, greatest; in float64."""
    values = np.arange(101, dtype=np.float32).reshape(1, -1)
    assert quantiles(values) == [0.0, 25.0, 50.0, 75.0, 100.0]


def test_a_panel_for_each_param():
    """Also where a param is not in every snapshot."""
    spread = [0.0, 1.0, 2.0, 3.0, 4.0]
    picture = distributions_picture({0: {"a/w": spread}, 10: {"a/w": spread, "b/w": spread}})
    assert [g.name for g in picture.groups if g.kind == "panel"] == ["a/w", "b/w"]
    assert "median" in svg(picture)


def test_one_snapshot_has_histograms():
    """Of each param; an empty one has none."""
    picture = histograms_picture({"a/w": np.arange(6.0), "b/w": np.zeros(0), "c/w": np.ones(2)})
    assert [g.name for g in picture.groups] == ["a/w", "c/w"]
