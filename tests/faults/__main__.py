"""``python -m tests.faults``: kill and fail runs by the hundreds, and print what became of them.

With ``--short``, some dozens only, which is what the test-suite does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process with threads cannot fork safely

from tests.faults.campaign import Campaign, Figures


def main() -> int:
    """Run it; 1 if something is not as promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="some dozens of kills")
    parser.add_argument("--seed", type=int, default=0, help="of what is left to chance")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), options.seed)
        campaign.kill_at_random(16 if options.short else 250)
        campaign.kill_at_events(16 if options.short else None)
        campaign.fail_at_events(12 if options.short else None)
    figures = campaign.figures
    sys.stdout.write("\n".join(report(figures, time.monotonic() - begin)) + "\n")
    if options.json:
        options.json.write_text(json.dumps(vars(figures), indent=2), "utf-8")
    return 1 if figures.wrong else 0


def report(figures: Figures, seconds: float) -> list[str]:
    """The figures in words."""
    by_step: dict[str, Counter[str]] = defaultdict(Counter)
    elsewhere: Counter[str] = Counter()
    for phase, n in figures.kills.items():
        step, _, what = phase.rpartition(" ")
        if what in ("folder", "snapshot", "best.h5", "statistics.jsonl", "lock", "record"):
            by_step[step][what] += n
        else:
            elsewhere[phase] += n
    lines = [
        f"kills                {figures.n_kills:>5}",
        *(f"  {phase:<19}{n:>5}" for phase, n in elsewhere.most_common()),
    ]
    for step, kinds in sorted(by_step.items(), key=lambda item: -item[1].total()):
        listed = ", ".join(f"{what} {n}" for what, n in kinds.most_common())
        lines.append(f"  {step:<19}{kinds.total():>5}  {listed}")
    n = max(figures.resumed + figures.began_anew, 1)
    return [
        *lines,
        f"while data was read  {figures.while_reading:>5}",
        f"went on from one     {figures.resumed:>5}  {figures.resumed / n:.0%} of the kills",
        f"began anew           {figures.began_anew:>5}  there was no snapshot yet",
        f"injected errors      {figures.failures.total():>5}  "
        + ", ".join(f"{name} {k}" for name, k in sorted(figures.failures.items())),
        f"runs ended           {figures.runs:>5}  {figures.different} not as the run left alone",
        f"snapshots lost       {figures.lost:>5}",
        f"files damaged        {figures.damaged:>5}",
        f"events not met       {figures.unmet:>5}",
        f"seconds              {seconds:>5.0f}",
        *(f"WRONG: {what}" for what in figures.wrong),
    ]


if __name__ == "__main__":
    sys.exit(main())
