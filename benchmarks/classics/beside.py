"""Measures the well-known nets beside their peers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import figures
from benchmarks.classics.nets import NAMES, write_files
from benchmarks.suite import GRAPHNET, LAYOUT, TORCH, TORCH_LAST, Suite
from benchmarks.tables import Table
from benchmarks.workers import Crew, Worker

ONNXRUNTIME, OPENCV = "onnxruntime", "OpenCV"
#: Images of a pass and of a step.
PASSES, STEP = (1, 8), 8
#: Scores may differ by this part of the largest one; else the peers compute something else.
TOLERANCE = 1e-3
LR, MOMENTUM = 1e-4, 0.9


def measure(suite: Suite) -> list[dict[str, Any]]:
    """One entry a net, kind of pass and batch: seconds by worker, round by round."""
    rounds = 3 if suite.quick else 7
    found = []
    for name in NAMES:
        folder = suite.folder / name
        folder.mkdir()
        files = write_files(name, folder, (*PASSES, STEP))
        for kind, batch in (*(("infer", n) for n in PASSES), ("train", STEP)):
            task = {"kind": kind, "batch": batch, "threads": suite.threads, **files}
            with Crew(dict(_workers(suite, task))) as crew:
                entry = {"net": name, "kind": kind, "batch": batch}
                if kind == "infer":
                    entry["differs"] = _differences(crew.about("out"))
                entry["seconds"] = crew.alternate(rounds, "seconds")
                entry["peak"] = crew.ask("peak")
                entry["unavailable"] = crew.unavailable
            suite.say(_line(entry))
            found.append(entry)
        for file in files.values():
            Path(file).unlink()
    return found


def _workers(suite: Suite, task: Mapping[str, Any]) -> Iterator[tuple[str, Worker]]:
    """Those that take part."""
    task = {**task, "lr": LR, "momentum": MOMENTUM}
    yield GRAPHNET, Worker(sys.executable, "benchmarks.classics.graphnet_worker", task)
    if suite.torch_python:
        for name in (TORCH, TORCH_LAST):
            more = {"layout": LAYOUT[name]}
            yield name, Worker(suite.torch_python, "benchmarks.classics.torch_worker", task | more)
    if task["kind"] == "infer":
        for name, module in ((ONNXRUNTIME, "onnxruntime"), (OPENCV, "cv2")):
            if find_spec(module):
                more = {"runtime": name.lower()}
                yield (
                    name,
                    Worker(sys.executable, "benchmarks.classics.runtime_worker", task | more),
                )


def _differences(outs: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """How far a peer's scores lie from graphnet's, as a part of the largest of these.

    Raises:
        ValueError: If it is too far: then it is another net that is measured.
    """
    own = np.array(outs[GRAPHNET])
    far = {
        name: float(np.abs(np.array(out) - own).max() / np.abs(own).max())
        for name, out in outs.items()
        if name != GRAPHNET
    }
    if wrong := {name: value for name, value in far.items() if not value <= TOLERANCE}:
        raise ValueError(f"scores differ from graphnet's, by parts of the largest: {wrong}")
    return far


def _line(entry: Mapping[str, Any]) -> str:
    parts = [
        f"{name} {figures.seconds_text(seconds)}"
        + (f" ({figures.ratio(entry, name):.2f}x)" if name != GRAPHNET else "")
        for name, seconds in figures.medians(entry).items()
    ]
    parts += [f"{name} not measured: {why}" for name, why in entry["unavailable"].items()]
    return f"{entry['kind']} {entry['net']} ({entry['batch']}): {', '.join(parts)}"


def tables(found: list[dict[str, Any]]) -> list[Table]:
    """Times and ratios, then the processes' memory."""
    return [_times(found), _memory(found)]


def _label(entry: Mapping[str, Any]) -> str:
    kind = "step" if entry["kind"] == "train" else "pass"
    return f"{NAMES[entry['net']]}, {kind} ({entry['batch']})"


def _peers(found: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for entry in found for name in figures.peers(entry)))


def _times(found: Sequence[Mapping[str, Any]]) -> Table:
    peers = _peers(found)
    rows = []
    for entry in found:
        medians = figures.medians(entry)
        row = [_label(entry), figures.seconds_text(medians[GRAPHNET])]
        for name in peers:
            there = name in medians
            row.append(figures.seconds_text(medians[name]) if there else "")
            row.append(f"{figures.ratio(entry, name):.2f}" if there else "")
        rows.append(row)
    header = ["net, pass or step (batch)", GRAPHNET, *(c for n in peers for c in (n, "ratio"))]
    title = "The well-known nets: medians, and how many times as long the peer takes"
    return Table("classics", title, header, rows, figures.notes(found))


def _memory(found: Sequence[Mapping[str, Any]]) -> Table:
    peers = _peers(found)
    rows = [
        [_label(entry)]
        + [
            figures.mib_text(entry["peak"][n]) if n in entry["peak"] else ""
            for n in (GRAPHNET, *peers)
        ]
        for entry in found
    ]
    title = "Memory of the processes at their largest"
    return Table("classics-memory", title, ["MiB", GRAPHNET, *peers], rows)
