"""Measures graphnet beside its peers, turn by turn in one run.

    python -m benchmarks [PART ...] --torch-python PATH/TO/python

Parts: verify (do both sides compute the same?), steps (training and inference of each net), growth
(with batch, width and depth), startup, epoch (beside loops in plain NumPy), memory (planned beside
allocated), classics (AlexNet to ResNet-50 at batch 1 and 8, beside onnxruntime and OpenCV as well),
cliffs (each layer by itself, at every size: what costs far more than it should); without any, all
of these but the last two, verify only where it need not be quick.

PyTorch runs in the Python that is named; it is no dependency of graphnet, and without it graphnet
is measured alone. What the figures mean is in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES
from benchmarks.machine import describe, is_busy
from benchmarks.report import blocks_of, draw_charts, tables_of
from benchmarks.suite import PARTS, USUAL_PARTS, Suite
from benchmarks.tables import write_document


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "parts", nargs="*", metavar="PART", help="default: all but classics and cliffs"
    )
    made.add_argument("--torch-python", metavar="PY", help="a Python that has PyTorch")
    made.add_argument("--nets", default=",".join(CASES), help="default: %(default)s")
    made.add_argument("--threads", type=int, default=2, help="of each side; default 2")
    made.add_argument("--quick", action="store_true", help="few rounds, few sizes")
    made.add_argument("--compile", action="store_true", help="measure torch.compile as well")
    made.add_argument("--out", type=Path, default=Path("runs/benchmarks"), metavar="DIR",
                      help="for results.json and the charts; default %(default)s")  # fmt: skip
    made.add_argument("--results", type=Path, metavar="JSON",
                      help="measure nothing: show what was measured before")  # fmt: skip
    made.add_argument("--doc", type=Path, metavar="MD",
                      help="write the tables into the marked blocks of this file, and the charts"
                      " into images/ beside it")  # fmt: skip
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report.

    Returns:
        1 if the two sides were found to compute different things, else 0.
    """
    made = parser()
    options = made.parse_args(arguments)
    nets = tuple(options.nets.split(","))
    if unknown := [name for name in nets if name not in CASES]:
        made.error(f"unknown net {', '.join(unknown)}: expected some of {', '.join(CASES)}")
    if unknown := [part for part in options.parts if part not in PARTS]:
        made.error(f"unknown part {', '.join(unknown)}: expected some of {', '.join(PARTS)}")
    if options.results:
        results = json.loads(options.results.read_text("utf-8"))
    else:
        file = options.out / "results.json"
        results = measure(options, nets, file)
        print(f"\nall figures: {file}")
    for table in tables_of(results):
        print(f"\n{table.text()}")
    draw_charts(results, options.out, print)
    if options.doc:
        write_document(options.doc, blocks_of(results))
        draw_charts(results, options.doc.parent / "images", print)
    return int(not all(entry["agrees"] for entry in results.get("verify", [])))


def measure(options: argparse.Namespace, nets: tuple[str, ...], file: Path) -> dict[str, Any]:
    """Everything that was asked for, raw, with what it was measured on.

    ``file`` is written after every part, so that what was measured is there whatever comes next.
    """
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite(
            Path(folder),
            nets,
            options.torch_python,
            options.threads,
            options.quick,
            options.compile,
            say=lambda text: print(text, flush=True),
        )
        for name, why in suite.unavailable.items():
            suite.say(f"{name} is not measured: {why}")
        results: dict[str, Any] = {
            "date": datetime.now(UTC).isoformat(timespec="minutes"),
            "options": {
                "quick": suite.quick,
                "threads": suite.threads,
                "rounds": suite.rounds,
                "seconds_per_round": suite.seconds,
            },
            "machine": describe(),
            "rows": suite.sources,
            "versions": suite.versions,
            "unavailable": suite.unavailable,
        }
        if is_busy(results["machine"]):
            suite.say(f"the machine is busy, load {results['machine']['load']}: expect noise")
        parts = options.parts or (USUAL_PARTS[1:] if suite.quick else USUAL_PARTS)
        file.parent.mkdir(parents=True, exist_ok=True)
        for part in (part for part in PARTS if part in parts):
            results[part] = import_module(PARTS[part]).measure(suite)
            file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
        return results


if __name__ == "__main__":
    sys.exit(main())
