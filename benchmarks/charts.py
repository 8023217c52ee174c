"""Charts of what was measured, as PNG files; needs matplotlib, the extra ``benchmarks``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt  # after the choice of what draws
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from benchmarks import figures
from benchmarks.growth import own_bytes
from benchmarks.suite import GRAPHNET, TORCH, TORCH_COMPILED, TORCH_LAST

#: Colours that can be told apart by everybody (Okabe & Ito 2008).
COLOURS = {
    GRAPHNET: "#0072B2",
    TORCH: "#D55E00",
    TORCH_LAST: "#E69F00",
    TORCH_COMPILED: "#CC79A7",
}
_PLANNED = "#56B4E9"
_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 32, 64)
_STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.7,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "legend.frameon": False,
    "figure.dpi": 120,
}


def draw(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw every chart there are figures for.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with plt.rc_context(_STYLE):
        for part, name, function in (
            ("steps", "ratios.png", ratios),
            ("growth", "growth.png", growth),
        ):
            found = results.get(part)
            if found and any(figures.peers(entry) or part == "growth" for entry in found):
                figure = function(found)
                figure.savefig(folder / name, bbox_inches="tight")
                plt.close(figure)
                made.append(folder / name)
    return made


def ratios(found: Sequence[Mapping[str, Any]]) -> Any:
    """Bars: how many times as long each peer takes, for each net and kind of pass."""
    kinds = {"train": "A training step", "infer": "An inference pass"}
    of_kind = {k: [e for e in found if e["kind"] == k and figures.peers(e)] for k in kinds}
    of_kind = {kind: entries for kind, entries in of_kind.items() if entries}
    names = [n for n in COLOURS if n != GRAPHNET and any(n in e["seconds"] for e in found)]
    heights = [len(entries) + 0.4 for entries in of_kind.values()]
    figure, axes = plt.subplots(
        len(of_kind),
        1,
        figsize=(8, 1.4 + 0.58 * sum(heights)),
        height_ratios=heights,
        sharex=True,
        squeeze=False,
    )
    for axis, (kind, entries) in zip(axes[:, 0], of_kind.items(), strict=True):
        _bars(axis, entries, names)
        axis.set_title(kinds[kind], loc="left")
    bottom = axes[-1, 0]
    bottom.set_xscale("log")
    bottom.xaxis.set_major_locator(FixedLocator(_TICKS))
    bottom.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    bottom.xaxis.set_minor_locator(NullLocator())
    bottom.set_xlabel("time of PyTorch over time of graphnet: right of 1, graphnet is faster")
    handles = [Patch(color=COLOURS[name], label=name) for name in names]
    figure.tight_layout()
    figure.legend(handles=handles, loc="upper center", ncols=len(names), bbox_to_anchor=(0.5, 0.01))
    return figure


def _bars(axis: Axes, entries: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Bars that begin at 1, those of one net together."""
    height = 0.8 / len(names)
    for y, entry in enumerate(entries):
        there = [name for name in names if name in entry["seconds"]]
        for i, name in enumerate(there):
            value = figures.ratio(entry, name)
            place = y + (i - (len(there) - 1) / 2) * height
            axis.barh(place, value - 1, height * 0.9, left=1, color=COLOURS[name])
            axis.annotate(
                f"{value:.2f}",
                (value, place),
                (4 if value >= 1 else -4, 0),
                textcoords="offset points",
                ha="left" if value >= 1 else "right",
                va="center",
                fontsize=8,
            )
    axis.set_yticks(range(len(entries)), [f"{e['net']} ({e['batch']})" for e in entries])
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")
    axis.tick_params(axis="y", length=0)
    axis.axvline(1, color="black", linewidth=1)
    axis.spines["left"].set_visible(False)
    axis.margins(x=0.12, y=0.02)


GROWING = {"batch": "batch (mnist)", "width": "width (mnist)", "depth": "convolutions (deep)"}


def growth(found: Sequence[Mapping[str, Any]]) -> Any:
    """Curves: time and memory over batch, width and depth, both axes logarithmic."""
    columns = [by for by in GROWING if any(e["by"] == by for e in found)]
    figure, axes = plt.subplots(
        2, len(columns), figsize=(4 * len(columns), 6.4), squeeze=False, sharey="row"
    )
    for column, by in enumerate(columns):
        entries = [e for e in found if e["by"] == by]
        top, bottom = axes[0][column], axes[1][column]
        for name, colour in COLOURS.items():
            there = [e for e in entries if e["seconds"].get(name)]
            if not there:
                continue
            style = {"color": colour, "label": name, "marker": "o", "markersize": 4}
            at = [e["at"] for e in there]
            top.plot(at, [figures.medians(e)[name] * 1e3 for e in there], **style)
            bottom.plot(at, [own_bytes(e, name) / figures.MIB for e in there], **style)
        planned = [e["planned"] / figures.MIB for e in entries]
        at = [e["at"] for e in entries]
        bottom.plot(at, planned, color=_PLANNED, linestyle="--", label="graphnet, planned")
        for axis in (top, bottom):
            axis.set_xscale("log", base=2)
            axis.set_yscale("log")
            axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
            axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.yaxis.set_minor_formatter(NullFormatter())
        bottom.set_xlabel(GROWING[by])
    axes[0][0].set_ylabel("a training step, ms")
    axes[1][0].set_ylabel("memory beside libraries, MiB")
    handles, labels = axes[1][0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="lower center", ncols=len(labels), bbox_to_anchor=(0.5, -0.03)
    )
    figure.tight_layout()
    return figure
