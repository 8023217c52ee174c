"""``python -m tests.fuzz``: read mutated nets, solvers and data files, and say what came of it.

``--only CASE`` does one of them again, such as ``net:17``, and shows its input.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process with threads cannot fork safely

from tests.campaigns import command
from tests.campaigns.command import add_options, temporary
from tests.campaigns.figures import Figures, add
from tests.campaigns.pages import table
from tests.campaigns.slices import Slice
from tests.fuzz.campaign import figures_of, run
from tests.fuzz.cases import Fuzzer, all_cases, file_cases, model_cases, yaml_cases
from tests.fuzz.models import MODEL_FILES

#: Nets and solvers, files, models of each other framework's kind.
FULL, SHORT = (420_000, 160_000, 60_000), (300, 300, 0)
_IN_A_SLICE = 500
_NAMES = {
    "net": "nets",
    "solver": "solvers",
    "hdf5": "HDF5 data",
    "snapshot": "snapshots, damaged",
    "forged": "snapshots, checksum right",
    "run": "texts of a run",
    "idx": "IDX",
    "npy": "NumPy",
    "csv": "CSV",
    "picture": "pictures",
    "cifar": "CIFAR",
    "listing": "lists of files",
    "caffemodel": "`.caffemodel`",
    "mocha": "Mocha's HDF5",
    "npz": "`.npz`",
    "onnx": "`.onnx`",
    "prototxt": "`.prototxt`",
    "safetensors": "`.safetensors`",
    "torch": "`.pt`",
}


class Fuzzing:
    """The campaign.

    Args:
        counts: So many nets and solvers, files, and models of each kind.
        seed: Of everything left to chance.
    """

    name = "fuzz"

    def __init__(self, counts: tuple[int, int, int], seed: int) -> None:
        self.counts, self.seed = counts, seed
        total = counts[0] + counts[1] + len(MODEL_FILES) * counts[2]
        self._n = max(-(-total // _IN_A_SLICE), 1)

    def settings(self) -> Mapping[str, Any]:
        """What slices depend on."""
        return dict(zip(("yaml", "files", "models"), self.counts, strict=True))

    def cases(self, number: int) -> list[str]:
        """Those of a slice, evenly mixed."""
        ends = [(n * number // self._n, n * (number + 1) // self._n) for n in self.counts]
        made = (yaml_cases, file_cases, model_cases)
        return all_cases(*(m(b - a, a) for m, (a, b) in zip(made, ends, strict=True)))

    def prepare(self, folder: Path) -> Slice:
        """What is mutated, and the nets and runs that read it."""
        fuzzer = Fuzzer(folder, self.seed, with_models=bool(self.counts[2]))
        gc.collect()
        gc.freeze()  # or the collector of each child copies all pages

        def slice_of(number: int, own: Path) -> Figures:
            fuzzer.move_to(own)
            figures: Figures = {}
            for case, result in run(self.cases(number), fuzzer, 1):
                add(figures, figures_of(case, result))
            return figures

        return slice_of

    def slices(self) -> int | None:
        """As many as it takes."""
        return self._n

    def is_enough(self, figures: Figures) -> bool:
        """When all slices are done."""
        return False

    def report(self, figures: Figures) -> list[str]:
        """By kind."""
        lines = []
        for kind, outcomes in figures.get("outcomes", {}).items():
            listed = _listed(outcomes)
            errors = _listed(figures["errors"][kind]) or "no errors"
            lines.append(f"{kind:<11}{sum(outcomes.values()):>9,}  {listed} ({errors})")
        seconds, case = figures.get("slowest", {"most": (0.0, "")})["most"]
        (peak,) = figures.get("peak_kib", {"most": (0,)})["most"]
        return [
            *lines,
            f"cases      {n_cases(figures):>9,}",
            f"faults     {len(figures.get('faults', ())):>9,}",
            f"slowest    {seconds:>9.1f}  s, {case}",
            f"memory     {peak // 1024:>9,}  MiB, the most of a process",
        ]

    def page(self, figures: Figures) -> list[str]:
        """The table by kind."""
        rows = []
        for kind, name in _NAMES.items():
            outcomes = figures["outcomes"].get(kind, {})
            if outcomes:
                counts = (sum(outcomes.values()), outcomes.get("accepted", 0))
                rejected = f"{outcomes.get('rejected', 0):,}"
                errors = _listed(figures["errors"][kind]) or "–"
                rows.append((name, *(f"{n:,}" for n in counts), rejected, errors))
        seconds, _ = figures["slowest"]["most"]
        (peak,) = figures["peak_kib"]["most"]
        library = sum(one.get("library", 0) for one in figures["outcomes"].values())
        text = (
            f"**{n_cases(figures):,} cases: {len(figures['faults'])} faults.** The slowest took"
            f" {seconds:.1f} s of the processor, no process had more than {peak // 1024} MiB; HDF5"
            f" itself did not come back from {library}."
        )
        return [
            *textwrap.wrap(text, 100),
            "",
            *table(("", "cases", "accepted", "rejected", "errors, by class"), rows),
        ]


def n_cases(figures: Figures) -> int:
    """All of them."""
    return sum(sum(outcomes.values()) for outcomes in figures.get("outcomes", {}).values())


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {n:,}" for what, n in Counter(counts).most_common())


def main() -> int:
    """Run it; 1 if a fault is found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    add_options(parser)
    parser.add_argument("--short", action="store_true", help="some hundreds of cases")
    parser.add_argument("--yaml", type=int, metavar="N", help="so many nets and solvers")
    parser.add_argument("--files", type=int, metavar="N", help="so many data files and snapshots")
    parser.add_argument(
        "--models", type=int, metavar="N", help="so many of each other framework's kind"
    )
    parser.add_argument("--only", metavar="CASE", help="this one, such as net:17 or hdf5:4")
    options = parser.parse_args()
    if options.only:
        with temporary() as folder:
            models = options.only.partition(":")[0] in MODEL_FILES
            return replay(Fuzzer(Path(folder), options.seed, models), options.only)
    n_yaml, n_files, n_models = SHORT if options.short else FULL
    if find_spec("onnx") is None and options.models is None:
        n_models = 0
    given = (options.yaml, options.files, options.models)
    counts = [
        n if n is not None else d for n, d in zip(given, (n_yaml, n_files, n_models), strict=True)
    ]
    campaign = Fuzzing((counts[0], counts[1], counts[2]), options.seed)
    return command.run(campaign, options)


def replay(fuzzer: Fuzzer, case: str) -> int:
    """One case, and its input: text as it is, anything else in hexadecimal."""
    content = fuzzer.write(case).read_bytes()
    try:
        shown = content.decode("utf-8")
    except UnicodeDecodeError:
        shown = content.hex(" ", 4)
    sys.stdout.write(f"{shown}\n")
    sys.stdout.flush()
    ((_, result),) = run([case], fuzzer, 1)
    sys.stdout.write(
        f"--- {case}, {len(content)} bytes: {result.outcome}, {result.seconds:.2f} s\n"
    )
    sys.stdout.write(f"{result.said}\n")
    return int(result.is_fault)


if __name__ == "__main__":
    sys.exit(main())
