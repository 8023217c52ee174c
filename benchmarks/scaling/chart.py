"""The charts of docs/scaling.md: predicted efficiency, and the prediction beside measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.scaling.model import Job, Link

RANKS = tuple(2**k for k in range(11))


def draw_prediction(jobs: Sequence[Job], links: Sequence[Link], path: Path) -> None:
    """Efficiency over ranks: a panel for each link and way of scaling, a line for each net."""
    plt = _pyplot()
    figure, panels = plt.subplots(2, len(links), figsize=(5 * len(links), 7.6), squeeze=False)
    for column, link in enumerate(links):
        for row, title in enumerate(("the net's batch shared out", "a whole batch for every rank")):
            panel = panels[row][column]
            for i, job in enumerate(jobs):
                ranks = [n for n in RANKS if row or n <= job.batch]
                efficiency = job.weak if row else job.strong
                panel.plot(
                    ranks,
                    [100 * efficiency(link, n) for n in ranks],
                    label=f"{job.name} ({job.batch})",
                    color=f"C{i}",
                    marker="o",
                    markersize=3,
                )
            _dress(panel, f"{title}\n{link.name}")
            panel.set_xlim(0.9, RANKS[-1] * 1.1)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(jobs), fontsize=8, frameon=False)
    _save(plt, figure, path, bottom=0.03)


def draw_measured(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Milliseconds of a step on this machine over ranks: the model's line, and measured points."""
    plt = _pyplot()
    names = list(dict.fromkeys(row["net"] for row in rows))
    figure, panels = plt.subplots(1, len(names), figsize=(4 * len(names), 3.8), squeeze=False)
    for panel, name in zip(panels[0], names, strict=True):
        mine = [row for row in rows if row["net"] == name]
        ranks = [row["ranks"] for row in mine]
        panel.plot(ranks, [row["predicted_ms"] for row in mine], "C0--", label="model")
        panel.plot(ranks, [row["measured_ms"] for row in mine], "C3o", label="measured")
        panel.set_title(name)
        panel.set_xlabel("ranks")
        panel.set_xticks(ranks)
        panel.set_ylim(0, None)
        panel.grid(visible=True, alpha=0.3)
    panels[0][0].set_ylabel("milliseconds a step")
    panels[0][0].legend()
    _save(plt, figure, path)


def _dress(panel: Any, title: str) -> None:
    panel.set_title(title, fontsize=10)
    panel.set_xscale("log", base=2)
    panel.set_xticks(RANKS, [str(n) for n in RANKS], fontsize=7)
    panel.set_xlabel("ranks")
    panel.set_ylabel("efficiency, %")
    panel.set_ylim(0, 105)
    panel.grid(visible=True, alpha=0.3)


def _pyplot() -> Any:
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def _save(plt: Any, figure: Any, path: Path, bottom: float = 0.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout(rect=(0, bottom, 1, 1))
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
