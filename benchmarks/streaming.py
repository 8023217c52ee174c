"""Streams a data set far larger than memory's share, and tells what steps wait for their data.

    python -m benchmarks.streaming [epoch] [waits] [--gigabytes 4.2] [--doc docs/benchmarks.md]

``epoch`` trains a small net through one epoch of gzip-compressed files and fails unless every
sample came exactly once, with its own label, and the process stayed below the memory ceiling.
``waits`` compares the share of a step that is spent waiting for data without and with a thread
that reads ahead, turn by turn. The files have just been written: what is timed is reading from
the page cache, unpacking, shuffling and converting, not a disk.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.streaming_files import BLOCK_ROWS, write_files
from benchmarks.tables import Table, write_document

ROOT = Path(__file__).parent.parent
MIB = 1 << 20
BIG_SHAPE, MNIST_SHAPE = (3, 64, 64), (1, 28, 28)
N_FILES = 8
MNIST_ROWS = 60_000
PARTS = ("epoch", "waits")


def work(**task: Any) -> dict[str, Any]:
    """What a worker of its own found out; see ``streaming_worker.Task``."""
    command = [sys.executable, "-m", "benchmarks.streaming_worker", json.dumps(task)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def write_big(folder: Path, gigabytes: float) -> dict[str, float]:
    """The big set, of at least so many gigabytes (10⁹ bytes), uncompressed."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = -(-int(gigabytes * 1e9) // (N_FILES * BLOCK_ROWS * prod(BIG_SHAPE)))
    free = shutil.disk_usage(folder).free
    if free < gigabytes * 1e9:
        raise SystemExit(f"{folder} has {free / 1e9:.1f} GB free, not {gigabytes:.1f}: --folder")
    begin = time.perf_counter()
    written = write_files(folder, N_FILES, blocks * BLOCK_ROWS, BIG_SHAPE)
    return written | {"seconds": time.perf_counter() - begin}


def stream(source: str, written: dict[str, float], options: argparse.Namespace) -> dict[str, Any]:
    """One checked epoch of the big set; ``problems`` lists what is wrong."""
    found = work(
        source=source,
        check=True,
        buffer_bytes=options.buffer_mib * MIB,
        threads=options.threads,
    )
    found["mb_per_s"] = written["bytes"] / 1e6 / found["seconds"]
    found["ceiling_bytes"] = options.ceiling_mib * MIB
    found["problems"] = [
        f"{found[key]} samples {what}"
        for key, what in {
            "n_missing": "never came",
            "n_repeated": "came more than once",
            "n_wrong": "came with values or a label that are not theirs",
        }.items()
        if found[key]
    ]
    peak = max(found["peak_bytes"], found["max_rss_bytes"])
    if peak > found["ceiling_bytes"]:
        found["problems"].append(f"{peak / MIB:.0f} MiB of memory, above the ceiling")
    print(
        f"one epoch: {found['n_steps']} steps in {found['seconds']:.1f} s, "
        f"{found['mb_per_s']:.0f} MB/s of samples\n"
        f"  memory: ru_maxrss {found['max_rss_bytes'] / MIB:.0f} MiB, "
        f"ceiling {options.ceiling_mib} MiB, buffer {options.buffer_mib} MiB, "
        f"{found['begin_bytes'] / MIB:.0f} MiB before the net was made\n"
        f"  coverage: {found['n_once']} of {found['n_rows']} samples exactly once, "
        f"{found['n_wrong']} wrong\n"
        f"  neighbours lie {found['scatter']:.2f} times as far apart as in a uniform shuffle",
        flush=True,
    )
    return found


def compare(case: str, options: argparse.Namespace, **task: Any) -> dict[str, Any]:
    """One row of the table: both layers turn by turn, medians over the rounds."""
    runs: dict[str, list[dict[str, Any]]] = {"HDF5Data": [], "AsyncHDF5Data": []}
    for _ in range(options.rounds):
        for layer, of_layer in runs.items():
            of_layer.append(
                work(layer=layer, n_steps=options.steps, threads=options.threads, **task)
            )
    row: dict[str, Any] = {"case": case, "n_steps": options.steps, "rounds": options.rounds}
    line = f"{case:34}"
    for layer, of_layer in runs.items():
        row[layer] = {
            key: median(run[key] for run in of_layer)
            for key in ("step_ms", "wait_ms", "wait_share", "longest_wait_ms", "first_batch_s")
        }
        line += f"{row[layer]['step_ms']:10.2f} ms{row[layer]['wait_share']:8.1%}"
    print(line, flush=True)
    return row


def waits(big: str, small: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The table of waiting."""
    print(f"{'step, and its share of waiting':34}{'HDF5Data':>21}{'AsyncHDF5Data':>21}")
    buffer = options.buffer_mib * MIB
    return [
        compare("MNIST-sized in memory, LeNet", options, source=small, net="mnist.yaml"),
        compare("MNIST-sized in memory, 16 filters", options, source=small),
        compare(
            "MNIST-sized streamed, LeNet",
            options,
            source=small,
            net="mnist.yaml",
            buffer_bytes=8 * MIB,
        ),
        compare("big, 16 filters", options, source=big, buffer_bytes=buffer),
        compare("big, 64 filters", options, source=big, buffer_bytes=buffer, n_filter=64),
    ]


def main() -> None:
    """Do the parts that are named, or both."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="epoch or waits; both if none")
    parser.add_argument("--folder", type=Path, help="keep the files here; else: deleted")
    parser.add_argument("--gigabytes", type=float, default=4.2, help="of the big set")
    parser.add_argument("--buffer-mib", type=int, default=256, help="buffer_bytes of the big set")
    parser.add_argument("--ceiling-mib", type=int, default=512, help="most memory of the process")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=500, help="in each round of waits")
    parser.add_argument("--rounds", type=int, default=3, help="of waits")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--doc", type=Path, help="replace the measured blocks of this document")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: expected {' or '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as temporary:
        figures = measure(options.folder or Path(temporary), options)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.doc:
        write_document(options.doc, {t.key: t.markdown() for t in tables(figures)})
    if problems := figures.get("epoch", {}).get("problems"):
        raise SystemExit("FAILED: " + "; ".join(problems))


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    parts = options.parts or PARTS
    big, small = folder / "big", folder / "mnist-sized"
    written = write_big(big, options.gigabytes)
    print(
        f"big set: {written['rows']} samples in {N_FILES} files, {written['bytes'] / 1e9:.2f} GB, "
        f"{written['bytes_on_disk'] / 1e9:.2f} GB on disk, written in {written['seconds']:.0f} s",
        flush=True,
    )
    figures: dict[str, Any] = {"big": written}
    if "epoch" in parts:
        figures["epoch"] = stream(f"{big}/*.h5", written, options)
    if "waits" in parts:
        small.mkdir(parents=True, exist_ok=True)
        write_files(small, 1, MNIST_ROWS, MNIST_SHAPE)
        figures["waits"] = waits(f"{big}/*.h5", f"{small}/*.h5", options)
    return figures


def tables(figures: dict[str, Any]) -> list[Table]:
    """What was measured, as the documentation shows it."""
    found = []
    if "epoch" in figures:
        epoch, big = figures["epoch"], figures["big"]
        row = [
            f"{big['bytes'] / 1e9:.2f} GB in {N_FILES} files, gzip",
            f"{epoch['n_once']:,} of {epoch['n_rows']:,}",
            f"{epoch['max_rss_bytes'] / MIB:.0f} of {epoch['ceiling_bytes'] / MIB:.0f} MiB",
            f"{epoch['mb_per_s']:.0f} MB/s",
        ]
        header = ["data", "samples that came exactly once", "memory, and its ceiling", "rate"]
        found.append(Table("streaming", "one epoch", header, [row]))
    if "waits" in figures:
        rows = [
            [waits["case"]]
            + [
                cell
                for layer in ("HDF5Data", "AsyncHDF5Data")
                for cell in (
                    f"{waits[layer]['step_ms']:.2f} ms",
                    f"{waits[layer]['wait_share']:.1%}",
                )
            ]
            for waits in figures["waits"]
        ]
        header = ["data, net", "HDF5Data: step", "waiting", "AsyncHDF5Data: step", "waiting"]
        found.append(Table("waits", "waiting for data", header, rows))
    return found


if __name__ == "__main__":
    main()
