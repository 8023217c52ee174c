"""``python -m tests.fuzz``: read mutated nets, solvers and data files, and print what came of it.

``--only CASE`` does one of them again, such as ``net:17``, and shows its input.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process with threads cannot fork safely

from tests.fuzz.campaign import Figures, run
from tests.fuzz.cases import Fuzzer, all_cases, temporary
from tests.fuzz.models import MODEL_FILES

FULL, SHORT = (100_000, 20_000), (300, 300)


def main() -> int:
    """Run it; 1 if a fault is found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--short", action="store_true", help="some hundreds of cases")
    parser.add_argument("--yaml", type=int, metavar="N", help="so many nets and solvers")
    parser.add_argument("--files", type=int, metavar="N", help="so many data files and snapshots")
    parser.add_argument(
        "--models", type=int, default=0, metavar="N", help="so many of each other framework's kind"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is left to chance")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--only", metavar="CASE", help="this one, such as net:17 or hdf5:4")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    json_path = options.json and options.json.absolute()
    n_yaml, n_files = SHORT if options.short else FULL
    n_yaml = n_yaml if options.yaml is None else options.yaml
    n_files = n_files if options.files is None else options.files
    begin = time.monotonic()
    with temporary() as folder:
        models = bool(options.models) or (options.only or "").partition(":")[0] in MODEL_FILES
        fuzzer = Fuzzer(Path(folder), options.seed, models)
        if options.only:
            return replay(fuzzer, options.only)
        figures = Figures()
        cases = all_cases(n_yaml, n_files, options.models)
        with suppress(KeyboardInterrupt):  # what has been done until then is counted
            for case, result in run(cases, fuzzer, options.workers):
                figures.add(case, result)
                if result.is_fault:
                    sys.stderr.write(f"FAULT in {case}: {figures.faults[case]}\n")
    sys.stdout.write("\n".join(report(figures, time.monotonic() - begin)) + "\n")
    if json_path:
        json_path.write_text(json.dumps(vars(figures), indent=2), "utf-8")
    return 1 if figures.faults else 0


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


def report(figures: Figures, seconds: float) -> list[str]:
    """The figures in words."""
    lines = []
    for kind, outcomes in figures.outcomes.items():
        listed = ", ".join(f"{what} {n:,}" for what, n in outcomes.most_common())
        errors = ", ".join(f"{what} {n:,}" for what, n in figures.errors[kind].most_common())
        lines.append(f"{kind:<11}{outcomes.total():>7,}  {listed} ({errors or 'no errors'})")
    case, longest = figures.slowest
    return [
        *lines,
        f"faults     {len(figures.faults):>7,}",
        f"slowest    {longest:>7.1f}  s, {case}",
        f"memory     {figures.peak_kib // 1024:>7,}  MiB, the most of a process",
        f"seconds    {seconds:>7.0f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
