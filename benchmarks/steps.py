"""Training steps and inference passes of each net, with the memory of the processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import figures
from benchmarks.cases import CASES, Case
from benchmarks.suite import GRAPHNET, Suite
from benchmarks.tables import Table
from benchmarks.workers import Crew


def measure(suite: Suite) -> list[dict[str, Any]]:
    """One entry a net and pass."""
    found: list[dict[str, Any]] = []
    for name in suite.nets:
        with suite.crew(CASES[name]) as crew:
            entries = list(_of_case(suite, CASES[name], crew))
            for entry in entries:
                entry["unavailable"] = crew.unavailable
                suite.say(line(entry))
            found += entries
    return found


def _of_case(suite: Suite, case: Case, crew: Crew) -> list[dict[str, Any]]:
    common = {"net": case.name, "rows": suite.sources[case.name]}
    flops = crew.workers[GRAPHNET].ask("flops")
    begin, steps = crew.about("begin_bytes"), crew.about("steps")
    train = crew.alternate(suite.rounds, "train")
    peak = crew.ask("peak")  # before anything but training has needed memory
    rates = list(crew.ask("rate").values())
    memory = {n: {"begin": begin[n], "peak": peak[n]} for n in peak}
    infers = {}
    for batch in case.infer_batches or (case.batch,):
        infers[batch] = crew.alternate(suite.rounds, "infer", batch, suite.seconds)
    rates += crew.ask("rate").values()
    entries: list[dict[str, Any]] = [
        common
        | {"kind": "train", "batch": case.batch, "seconds": train, "steps": steps}
        | {"flops": flops["train"], "rates": rates, "memory": memory}
    ]
    entries += [
        common
        | {"kind": "infer", "batch": batch, "seconds": seconds}
        | {"flops": flops["infer"] * batch, "rates": rates}
        for batch, seconds in infers.items()
    ]
    return entries


def line(entry: dict[str, Any]) -> str:
    """One entry as it is reported while the suite runs."""
    found = figures.medians(entry)
    parts = [f"{entry['kind']} {entry['net']} ({entry['batch']}):"]
    for name, seconds in found.items():
        parts.append(f"{name} {figures.seconds_text(seconds)}")
        if name != GRAPHNET:
            parts[-1] += f" ({figures.ratio(entry, name):.2f}x)"
    return " ".join([parts[0], ", ".join(parts[1:])])


TITLES = {
    "train": "A training step: medians, and how many times as long the peer takes",
    "infer": "An inference pass: medians, and how many times as long the peer takes",
}


def tables(found: list[dict[str, Any]]) -> list[Table]:
    """Steps, passes, and the memory of the processes that took the steps."""
    made = [_times(kind, [e for e in found if e["kind"] == kind]) for kind in TITLES]
    trained = [e for e in found if e["kind"] == "train"]
    return [*made, _memory(trained)]


def _times(kind: str, found: Sequence[dict[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for entry in found for name in figures.peers(entry)))
    header = ["net (batch)", GRAPHNET, "of it arithmetic"]
    for name in names:
        header += [name, "ratio"]
    if names:
        header.append("of the fastest peer arithmetic")
    rows = []
    for entry in found:
        medians = figures.medians(entry)
        row = [f"{entry['net']} ({entry['batch']})", figures.seconds_text(medians[GRAPHNET])]
        row.append(f"{figures.floor_share(entry, GRAPHNET):.0%}")
        for name in names:
            there = name in medians
            row.append(figures.seconds_text(medians[name]) if there else "")
            row.append(f"{figures.ratio(entry, name):.2f}" if there else "")
        if names:
            fastest = figures.fastest_peer(entry)
            row.append(f"{figures.floor_share(entry, fastest):.0%}" if fastest else "")
        rows.append(row)
    return Table(kind, TITLES[kind], header, rows, figures.notes(found))


def _memory(found: Sequence[dict[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for entry in found for name in entry["memory"]))
    header = ["net (batch), MiB"]
    for name in names:
        header += [name, "of it libraries"]
    rows = []
    for entry in found:
        row = [f"{entry['net']} ({entry['batch']})"]
        for name in names:
            memory = entry["memory"].get(name)
            row += [figures.mib_text(memory[k]) if memory else "" for k in ("peak", "begin")]
        rows.append(row)
    return Table("process-memory", "Memory of a training process at its largest", header, rows)
