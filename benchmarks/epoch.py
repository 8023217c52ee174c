"""An epoch of nets/nielsen.yaml beside loops written by hand in NumPy."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks import figures
from benchmarks.cases import CASES
from benchmarks.suite import TORCH, Suite
from benchmarks.tables import Table
from benchmarks.workers import TIMED_PARTS, Crew, Worker

N_ROWS, QUICK_N_ROWS = 50_000, 10_000
VECTORISED, BY_SAMPLE = "NumPy, a batch at a time", "NumPy, sample by sample"


def measure(suite: Suite) -> list[dict[str, Any]]:
    """One entry: seconds of an epoch by worker."""
    case = CASES["nielsen"]
    n_rows = QUICK_N_ROWS if suite.quick else N_ROWS
    n_updates = n_rows // case.batch
    rows = suite.rows(case, n_rows)
    # timed are an epoch, and before it a third of one that is not
    workers = suite.workers(case, rows, (TORCH,), steps=n_updates // TIMED_PARTS)
    for name, loop in {VECTORISED: "vectorised", BY_SAMPLE: "by_sample"}.items():
        task = suite.task(case, rows, loop=loop)
        workers[name] = Worker(sys.executable, "benchmarks.numpy_worker", task)
    with Crew(workers) as crew:
        found = crew.alternate(3 if suite.quick else 9, "train")
        unavailable = crew.unavailable
    entry = {
        "net": case.name,
        "updates": n_updates,
        "batch": case.batch,
        "seconds": {name: [s * n_updates for s in steps] for name, steps in found.items()},
        "unavailable": unavailable,
    }
    times = figures.medians(entry).items()
    text = ", ".join(f"{name} {figures.seconds_text(seconds)}" for name, seconds in times)
    suite.say(f"an epoch of {n_updates} updates: {text}")
    return [entry]


def tables(found: list[dict[str, Any]]) -> list[Table]:
    """One row a worker."""
    (entry,) = found
    medians = figures.medians(entry)
    rows = [
        [name, figures.seconds_text(seconds), f"{figures.ratio(entry, name, VECTORISED):.2f}"]
        for name, seconds in medians.items()
    ]
    title = f"An epoch of nielsen: {entry['updates']:,} updates of batch {entry['batch']}"
    header = ["", "an epoch", "of the vectorised loop"]
    return [Table("epoch", title, header, rows, figures.notes(found))]
