"""Measures this machine, predicts many, and writes tables and charts.

    python -m benchmarks.scaling [--doc docs/scaling.md] [--json FILE]

It needs the extras `mpi` and `benchmarks`. The prediction takes each rank to be a machine like
this one, all its processors computing; the links are stated, not measured. The measured runs have
one thread a rank, and ranks share the memory of this machine.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.scaling import measure
from benchmarks.scaling.model import Job, Link, crowded
from benchmarks.tables import Table, write_document

#: Nets of the prediction: batch, and the rows at which a rank's step is measured.
PREDICTED: dict[str, tuple[int, tuple[int, ...]]] = {
    "mnist": (64, (1, 4, 16, 64)),
    "lenet-adam": (600, (1, 16, 100, 600)),
    "mnist-dropout": (100, (1, 10, 100)),
    "cifar10-quick": (100, (1, 10, 100)),
    "caffenet": (256, (1, 4, 16)),
    "vgg16": (64, (1, 2, 4)),
}
#: Nets of the measured runs: batch, and updates.
RUN = {"mnist": (64, 1000), "lenet-adam": (600, 80), "mnist-dropout": (100, 400)}
#: A run of so many shards, whatever the number of ranks.
SHARDS = 4
RANKS = (1, 2, 4)
#: Ethernet of 10 Gbit/s and InfiniBand of 100, at nine tenths of what they carry.
LINKS = (("10 Gbit/s, 25 µs", 25e-6, 1.125e9), ("100 Gbit/s, 2 µs", 2e-6, 11.25e9))
SHOWN = (1, 2, 4, 8, 16, 64, 256, 1024)


def main() -> None:
    """Measure, predict, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--doc", type=Path, help="replace the measured blocks of this document")
    parser.add_argument("--json", type=Path, help="write all figures here as well")
    parser.add_argument("--images", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    try:  # before anything is measured for the charts
        from benchmarks.scaling import chart
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error}: pip install '.[benchmarks]'") from None
    mpiexec = measure.launcher()
    if mpiexec is None:
        raise SystemExit("mpiexec is missing: pip install '.[mpi]'")
    processors = len(os.sched_getaffinity(0))
    rate = measure.add_rate()
    jobs = [measure.job(n, batch, rows, processors) for n, (batch, rows) in PREDICTED.items()]
    links = [Link(name, latency, carried, rate) for name, latency, carried in LINKS]
    own, sums = measure.own_link(mpiexec, RANKS[1:], rate)
    runs = [row for net in RUN for row in compare(mpiexec, net, own, processors)]
    tables = [*(predictions(jobs, link) for link in links), computed(jobs), compared(runs, own)]
    for table in tables:
        print(table.text(), end="\n\n")
    chart.draw_prediction(jobs, links, options.images / "scaling.png")
    chart.draw_measured(runs, options.images / "scaling-measured.png")
    if options.doc:
        write_document(options.doc, {table.key: table.markdown() for table in tables})
    if options.json:
        found = {"jobs": [vars(j) | {"compute": j.compute.points} for j in jobs], "runs": runs}
        found |= {"sums": sums, "own_link": vars(own), "add_rate": rate}
        options.json.write_text(json.dumps(found, indent=2, default=vars), encoding="utf-8")


def compare(mpiexec: str, net: str, own: Link, processors: int) -> list[dict[str, Any]]:
    """Steps on this machine, measured and predicted, for each number of ranks."""
    batch, updates = RUN[net]
    alone = measure.job(net, batch, (batch // SHARDS,), 1)
    shard = alone.compute.seconds(batch // SHARDS) - alone.update
    found = []
    for n in RANKS:
        computing = crowded(shard * SHARDS / n + alone.update, n, processors)
        # a rank adds its own shards, whose sums then travel
        adding = crowded((SHARDS / n - 1) * 2 * alone.param_bytes / own.add_rate, n, processors)
        predicted = computing + adding + own.sum_seconds(alone.param_bytes, n)
        measured = measure.solve_seconds(mpiexec, net, n, updates)
        found.append(
            {
                "net": net,
                "ranks": n,
                "predicted_ms": predicted * 1e3,
                "measured_ms": measured * 1e3,
            }
        )
    return found


def predictions(jobs: Sequence[Job], link: Link) -> Table:
    """Efficiency in percent over ranks, the batch shared out and a batch for each."""
    rows = [
        [f"{job.name} ({job.batch}), {how}"]
        + [
            f"{100 * efficiency(link, n):.0f}" if n <= job.batch or efficiency == job.weak else "–"
            for n in SHOWN
        ]
        for how, kind in (("shared out", "strong"), ("one for each rank", "weak"))
        for job in jobs
        for efficiency in (getattr(job, kind),)
    ]
    key = f"predicted {link.name.partition(' ')[0]}"
    return Table(key, f"efficiency in %, {link.name}", ["batch", *map(str, SHOWN)], rows)


def computed(jobs: Sequence[Job]) -> Table:
    """What a rank needs for its rows, as measured."""
    rows = [
        [
            job.name,
            f"{job.param_bytes / 1e6:.1f} MB",
            ", ".join(f"{n:.0f}: {s * 1e3:.3g} ms" for n, s in job.compute.points),
        ]
        for job in jobs
    ]
    return Table("computed", "a rank's step", ["net", "gradients", "rows: time of a step"], rows)


def compared(runs: Sequence[dict[str, Any]], own: Link) -> Table:
    """The measured runs beside the model."""
    alone = {row["net"]: row["measured_ms"] for row in runs if row["ranks"] == 1}
    rows = [
        [
            row["net"],
            str(row["ranks"]),
            f"{row['measured_ms']:.2f} ms",
            f"{row['predicted_ms']:.2f} ms",
            f"{alone[row['net']] / row['measured_ms']:.2f}",
            f"{100 * alone[row['net']] / row['measured_ms'] / row['ranks']:.0f} %",
        ]
        for row in runs
    ]
    note = (
        f"The memory between ranks as a link: {own.latency * 1e6:.0f} µs a message, "
        f"{own.rate / 1e9:.2f} GB/s; adding goes at {own.add_rate / 1e9:.1f} GB/s."
    )
    header = ["net", "ranks", "measured", "model", "speed-up", "efficiency"]
    return Table("compared", "steps on this machine", header, rows, (note,))


if __name__ == "__main__":
    main()
