"""The theme: what each look is in light and in dark surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Look(NamedTuple):
    """Colours as ``#rrggbb``; "" for none."""

    fill: str = ""
    stroke: str = ""
    stroke_width: float = 1.0


class Both(NamedTuple):
    """A look in light and in dark surroundings."""

    light: Look
    dark: Look


def _box(light: str, light_edge: str, dark: str, dark_edge: str) -> Both:
    return Both(Look(light, light_edge, 1.2), Look(dark, dark_edge, 1.2))


#: What the rooms of ``graphnet/layers`` are called in a legend.
ROOMS: Mapping[str, str] = {
    "data": "data",
    "images": "images",
    "dense": "dense",
    "channelwise": "per channel",
    "elementwise": "per element",
    "neurons": "activation",
    "shape": "shape",
    "recurrent": "recurrent",
    "attention": "attention",
    "losses": "loss",
    "statistics": "statistic",
    "outputs": "output",
    "own": "your own",
}

#: The lines of a chart, told apart in both surroundings and by most who see few colours
#: (after Okabe and Ito's palette).
_SERIES = (
    ("#0072b2", "#56b4e9"),
    ("#d55e00", "#ff8b3d"),
    ("#009e73", "#2ec99b"),
    ("#b0508f", "#e08cc4"),
    ("#8a6d00", "#e0b93a"),
    ("#3f51b5", "#8e9bef"),
    ("#7a7a7a", "#b5b5b5"),
    ("#a33b20", "#e88468"),
)
N_SERIES = len(_SERIES)

#: How many steps of heat there are.
HEATS = 8


def _heat(step: int) -> Both:
    """From nearly nothing to a strong orange."""
    part = step / (HEATS - 1)
    light = mixed("#fff7ec", "#ffbe85", part)
    dark = mixed("#2b2620", "#702f0a", part)
    return _box(light, "#b9855c", dark, "#c98a5a")


def mixed(a: str, b: str, part: float) -> str:
    """A colour between two: ``a`` where ``part`` is 0, ``b`` where it is 1."""
    channels = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(x + (y - x) * part):02x}" for x, y in channels)


THEME: Mapping[str, Both] = {
    "page": Both(Look("#ffffff"), Look("#16181d")),
    "ink": Both(Look("#1b1f27"), Look("#eceff4")),
    "muted": Both(Look("#4d5563"), Look("#a9b2c0")),
    "wire": Both(Look("", "#8a93a1", 1.2), Look("", "#7b8594", 1.2)),
    "rule": Both(Look("", "#a7afbb", 0.8), Look("", "#69727f", 0.8)),
    "badge": Both(Look("#ffffff", "#8a93a1"), Look("#16181d", "#7b8594")),
    "data": _box("#e3e8ef", "#76849a", "#2d3540", "#8796ad"),
    "images": _box("#dcebfb", "#4a86c5", "#1d3550", "#5b9bdd"),
    "dense": _box("#e4e0fa", "#7467c4", "#312b55", "#9389e3"),
    "channelwise": _box("#d8f1ee", "#3d9a8f", "#17403c", "#52b5a9"),
    "elementwise": _box("#eef3d6", "#849a35", "#363e19", "#a3ba53"),
    "neurons": _box("#fdf0cf", "#b98a1b", "#463711", "#d3a63c"),
    "shape": _box("#efefef", "#8b8b8b", "#343434", "#9d9d9d"),
    "recurrent": _box("#f6dff1", "#b1559c", "#4a2242", "#d27bbd"),
    "attention": _box("#fde4d6", "#c8693a", "#4f2a18", "#e08a5c"),
    "losses": _box("#fadcdc", "#c65353", "#501f22", "#e07878"),
    "statistics": _box("#dff3df", "#4f9a4f", "#1f3f21", "#6cba6c"),
    "outputs": _box("#f3e6d8", "#a8763e", "#42301c", "#c99559"),
    "own": _box("#ffffff", "#3a4150", "#22262e", "#c8cfdb"),
    "frame": Both(Look("", "#8a93a1"), Look("", "#7b8594")),
    "grid": Both(Look("", "#e4e7ec"), Look("", "#2b3038")),
    **{
        f"series{i}": Both(Look("", light, 1.8), Look("", dark, 1.8))
        for i, (light, dark) in enumerate(_SERIES)
    },
    **{
        f"mark{i}": Both(Look(mixed(light, "#000000", 0.25)), Look(dark))
        for i, (light, dark) in enumerate(_SERIES)
    },
    **{f"heat{step}": _heat(step) for step in range(HEATS)},
}
