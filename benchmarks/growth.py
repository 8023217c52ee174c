"""How the time and memory of a training step grow with the batch, the width and the depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks import figures
from benchmarks.cases import CASES, DEEP, Case
from benchmarks.suite import GRAPHNET, TORCH, TORCH_LAST, Suite
from benchmarks.tables import Table

#: What grows, of which net, and its values: all of them, and those of a quick run.
BATCHES, QUICK_BATCHES = tuple(2**k for k in range(11)), (1, 32, 1024)
WIDTHS, QUICK_WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0), (0.25, 1.0, 4.0)
DEPTHS, QUICK_DEPTHS = (1, 2, 4, 8, 16), (1, 4, 16)

#: Small enough for every size: what diverges is not measured.
SMALL_LR = 1e-5


def cases(*, quick: bool) -> Iterator[tuple[str, float, Case]]:
    """What grows, its value, and the case."""
    mnist = CASES["mnist"].with_sizes(lr=SMALL_LR)
    for batch in QUICK_BATCHES if quick else BATCHES:
        yield "batch", batch, mnist.with_sizes(batch=batch)
    for width in QUICK_WIDTHS if quick else WIDTHS:
        yield "width", width, mnist.with_sizes(width=width)
    for depth in QUICK_DEPTHS if quick else DEPTHS:
        yield "depth", depth, DEEP.with_sizes(depth=depth, lr=SMALL_LR)


def measure(suite: Suite) -> list[dict[str, Any]]:
    """One entry a size."""
    found = []
    for by, at, case in cases(quick=suite.quick):
        variants = (TORCH_LAST,) if suite.quick else (TORCH, TORCH_LAST)
        with suite.crew(case, variants) as crew:
            entry: dict[str, Any] = {"by": by, "at": at, "net": case.name, "batch": case.batch}
            entry["planned"] = crew.workers[GRAPHNET].ask("planned")
            entry["flops"] = crew.workers[GRAPHNET].ask("flops")["train"]
            begin = crew.about("begin_bytes")
            entry["seconds"] = crew.alternate(max(3, suite.rounds // 2), "train")
            peak = crew.ask("peak")
            entry["memory"] = {n: {"begin": begin[n], "peak": peak[n]} for n in peak}
            entry["unavailable"] = crew.unavailable
        found.append(entry)
        times = figures.medians(entry).items()
        text = ", ".join(f"{name} {figures.seconds_text(seconds)}" for name, seconds in times)
        suite.say(f"growth with {by} {at:g}: {text}")
    return found


def tables(found: list[dict[str, Any]]) -> list[Table]:
    """One row a size."""
    names = list(dict.fromkeys(name for entry in found for name in figures.peers(entry)))
    header = ["growing", GRAPHNET]
    for name in names:
        header += [name, "ratio"]
    header += ["graphnet, MiB", "of it planned", *(f"{name}, MiB" for name in names)]
    rows = []
    for entry in found:
        medians = figures.medians(entry)
        row = [f"{entry['by']} {entry['at']:g}", figures.seconds_text(medians[GRAPHNET])]
        for name in names:
            there = name in medians
            row.append(figures.seconds_text(medians[name]) if there else "")
            row.append(f"{figures.ratio(entry, name):.2f}" if there else "")
        row.append(figures.mib_text(own_bytes(entry, GRAPHNET)))
        row.append(figures.mib_text(entry["planned"]))
        row += [figures.mib_text(own_bytes(entry, n)) if n in medians else "" for n in names]
        rows.append(row)
    title = "Growth of a training step, and of the memory its process needs beside its libraries"
    return [Table("growth", title, header, rows, figures.notes(found))]


def own_bytes(entry: Mapping[str, Any], name: str) -> int:
    """What a process has needed at most, without what it had after its imports."""
    memory = entry["memory"][name]
    return int(memory["peak"] - memory["begin"])
