"""Measures all settings, and says which are cliffs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.cliffs.settings import Setting, settings
from benchmarks.suite import GRAPHNET, TORCH, TORCH_LAST, Suite
from benchmarks.tables import Table
from benchmarks.workers import Crew, Worker

PASSES = ("forward", "backward")
#: Below this share of the peer's speed a setting is a cliff.
CLIFF = 0.2
#: A call of fewer elements is bound by what any call costs, not by its elements.
MANY = 2**14
#: The worst settings that are listed although they are none.
LISTED = 12


def measure(suite: Suite) -> list[dict[str, Any]]:
    """One entry a setting and pass: seconds by worker, round by round."""
    rounds, seconds = (3, 0.01) if suite.quick else (5, 0.03)
    task = {"threads": suite.threads, "seconds": seconds}
    workers = {GRAPHNET: Worker(sys.executable, "benchmarks.cliffs.graphnet_worker", task)}
    if suite.torch_python:
        for name, layout in ((TORCH, "default"), (TORCH_LAST, "channels_last")):
            workers[name] = Worker(
                suite.torch_python, "benchmarks.cliffs.torch_worker", task | {"layout": layout}
            )
    found = []
    with Crew(workers) as crew:
        for at, setting in enumerate(settings()):
            answers = crew.alternate(rounds, "measure", at, warm_up=0)
            entries = _entries(setting, answers)
            found += entries
            suite.say("; ".join(_line(entry) for entry in entries))
    return found


def _entries(setting: Setting, answers: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    n_passes = len(answers[GRAPHNET][0])
    entries = []
    for which in range(n_passes):
        seconds = {
            name: [turn[which] for turn in turns]
            for name, turns in answers.items()
            if turns and turns[0] is not None and len(turns[0]) > which
        }
        entries.append(
            {"setting": str(setting), "type": setting.type, "elements": setting.size}
            | {"pass": PASSES[which], "seconds": seconds}
        )
    return entries


def nanoseconds(entry: Mapping[str, Any]) -> float:
    """Of graphnet, by element of the bottoms."""
    return median(entry["seconds"][GRAPHNET]) / entry["elements"] * 1e9


def ratio(entry: Mapping[str, Any]) -> float | None:
    """The fastest peer's time over graphnet's; None without a peer."""
    times = {name: median(values) for name, values in entry["seconds"].items()}
    own = times.pop(GRAPHNET)
    return min(times.values()) / own if times else None


def _line(entry: Mapping[str, Any]) -> str:
    beside = ratio(entry)
    text = f"{entry['setting']}, {entry['pass']}: {nanoseconds(entry):.3g} ns an element"
    return text if beside is None else f"{text} ({beside:.2f}x)"


def tables(found: list[dict[str, Any]]) -> list[Table]:
    """By layer type and pass; and the settings that are farthest behind."""
    return [_by_type(found), _worst(found)]


def _by_type(found: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for kind in dict.fromkeys(entry["type"] for entry in found):
        for name in PASSES:
            entries = [e for e in found if e["type"] == kind and e["pass"] == name]
            if not entries:
                continue
            large = [e for e in entries if e["elements"] >= MANY] or entries
            costs = sorted(map(nanoseconds, large))
            beside = sorted(r for e in entries if (r := ratio(e)) is not None)
            rows.append(
                [f"{kind}, {name}", str(len(entries)), f"{costs[0]:.2g}", f"{costs[-1]:.2g}"]
                + ([f"{beside[0]:.2f}", f"{median(beside):.2f}"] if beside else ["", ""])
            )
    header = ["layer, pass", "settings", "best, ns an element", "worst", "slowest ratio", "median"]
    title = "Layers by themselves: cost per element, and PyTorch's best layout over graphnet"
    return Table("cliffs", title, header, rows)


def _worst(found: Sequence[Mapping[str, Any]]) -> Table:
    beside = [(r, entry) for entry in found if (r := ratio(entry)) is not None]
    beside.sort(key=lambda pair: pair[0])
    n_cliffs = sum(r < CLIFF for r, _ in beside)
    rows = [
        [f"{e['setting']}, {e['pass']}", f"{nanoseconds(e):.3g}", f"{r:.2f}"]
        for r, e in beside[: max(n_cliffs, LISTED)]
    ]
    note = f"{n_cliffs} of {len(beside)} passes lie below {CLIFF:g}."
    title = "The settings that are farthest behind PyTorch's best layout"
    header = ["setting, pass", "ns an element", "ratio"]
    return Table("cliffs-worst", title, header, rows, [note] if beside else [])
