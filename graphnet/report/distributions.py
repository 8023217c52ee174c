"""How the values of each param are spread, from snapshot to snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from graphnet.draw.bars import histogram_picture, stacked
from graphnet.draw.chart import Panel, Series, chart
from graphnet.draw.shapes import Picture

#: The quantiles that are drawn: least, quarters, greatest.
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
_NAMES = ("least", "a quarter is below", "median", "three quarters are below", "greatest")
#: Params that are drawn at most: the first.
MOST_PARAMS = 16
_HEIGHT = 70.0
#: Snapshots that are read at most, evenly chosen; the last is one of them.
MOST_SNAPSHOTS = 24


def chosen(iterations: Sequence[int]) -> list[int]:
    """At most :data:`MOST_SNAPSHOTS` of them, the first and the last included, in order."""
    ordered = sorted(iterations)
    if len(ordered) <= MOST_SNAPSHOTS:
        return ordered
    places = np.linspace(0, len(ordered) - 1, MOST_SNAPSHOTS).round().astype(int)
    return [ordered[i] for i in dict.fromkeys(places.tolist())]


def quantiles(values: np.ndarray) -> list[float]:
    """The quantiles of all values of an array."""
    return [float(q) for q in np.quantile(values.astype(np.float64), QUANTILES)]


def distributions_picture(spreads: Mapping[int, Mapping[str, Sequence[float]]]) -> Picture:
    """A panel for each param, its quantiles over the iterations.

    Args:
        spreads: By iteration, then by param: what :func:`quantiles` gives.
    """
    last = spreads[max(spreads)]
    panels = []
    for name in list(last)[:MOST_PARAMS]:
        lines = [
            Series(
                said,
                [
                    (float(i), spread[name][q])
                    for i, spread in sorted(spreads.items())
                    if name in spread
                ],
                colour=0 if q in (1, 3) else 1 if q == 2 else 6,  # noqa: PLR2004
                has_dots=True,
            )
            for q, said in enumerate(_NAMES)
        ]
        panels.append(Panel(name, lines, _HEIGHT))
    return chart("params from snapshot to snapshot", panels, "iteration", may_be_log=False)


def histograms_picture(params: Mapping[str, np.ndarray]) -> Picture:
    """The values of each param at one time."""
    shown = [(name, values) for name, values in params.items() if values.size][:MOST_PARAMS]
    return stacked("params", [histogram_picture(name, values.ravel()) for name, values in shown])
