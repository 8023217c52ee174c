"""``python -m tests.faults``: kill and fail runs by the thousands, and say what became of them.

A slice draws a run, kills it in every way and compares all of its ends with the run left alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process with threads cannot fork safely

from tests.campaigns.command import add_options, run
from tests.campaigns.figures import Figures
from tests.campaigns.pages import table
from tests.campaigns.slices import Slice
from tests.faults.campaign import CUT, INSIDE, OUTSIDE, REPLAYED, Kills
from tests.faults.training_run import any_recipe, write_data

KILLS = 10_000
_FILES = ("folder", "snapshot", "best.h5", "statistics.jsonl", "lock", "record")
_CALLED = {"record": "run.json and the YAML"}
_WAYS = {
    OUTSIDE: "SIGKILL from outside",
    INSIDE: "SIGKILL at a step",
    CUT: "power cut at a step",
    REPLAYED: "power cut, replayed",
}


class Faults:
    """The campaign.

    Args:
        kills: How many are enough.
        is_short: A slice is small.
    """

    name = "faults"

    def __init__(self, kills: int, is_short: bool) -> None:
        self.kills, self.is_short = kills, is_short

    def settings(self) -> Mapping[str, Any]:
        """What slices depend on."""
        return {"short": self.is_short}

    def prepare(self, folder: Path) -> Slice:
        """The data of all runs."""
        write_data(folder)
        seed = self.seed

        def slice_of(number: int, own: Path) -> Figures:
            chance = Random(f"{seed}/{number}")  # noqa: S311  # nobody guesses it
            kills = Kills(own, folder, any_recipe(chance), chance)
            kills.kill_at_random(8 if self.is_short else 20)
            kills.kill_at_events(8 if self.is_short else None)
            kills.cut_power(8 if self.is_short else 40)
            kills.fail_at_events(6 if self.is_short else 10)
            return kills.figures.figures()

        return slice_of

    seed = 0

    def slices(self) -> int | None:
        """Two, or as many as it takes."""
        return 2 if self.is_short else None

    def is_enough(self, figures: Figures) -> bool:
        """Whether there were so many kills."""
        return not self.is_short and n_kills(figures) >= self.kills

    def report(self, figures: Figures) -> list[str]:
        """By phase."""
        return [
            f"kills                {n_kills(figures):>8,}",
            *(f"  {_WAYS[w]:<19}{sum(n.values()):>8,}" for w, n in figures["kills"].items()),
            *(f"    {phase:<17}{n:>8,}  {what}" for phase, n, what in by_phase(figures)),
            f"while data was read  {figures['while_reading']:>8,}",
            f"went on from one     {figures['resumed']:>8,}",
            f"began anew           {figures['began_anew']:>8,}  there was no snapshot yet",
            f"injected errors      {sum(figures['failures'].values()):>8,}  "
            + ", ".join(f"{name} {n:,}" for name, n in sorted(figures["failures"].items())),
            f"runs ended           {figures['runs']:>8,}",
            f"not as left alone    {figures['different']:>8,}",
            f"snapshots lost       {figures['lost']:>8,}",
            f"files damaged        {figures['damaged']:>8,}",
            f"events not met       {figures['unmet']:>8,}",
        ]

    def page(self, figures: Figures) -> list[str]:
        """The table by phase."""
        rows = [(phase, f"{n:,}", what) for phase, n, what in by_phase(figures)]
        ways = ", ".join(
            f"{sum(n.values()):,} by {_WAYS[way]}" for way, n in figures["kills"].items()
        )
        errors = ", ".join(f"{name} {n:,}" for name, n in sorted(figures["failures"].items()))
        n, resumed = n_kills(figures), figures["resumed"]
        began = f"{resumed:,} of them ({resumed / max(n, 1):.0%})"
        ends = f"{figures['lost']:,} snapshots lost, {figures['damaged']:,} files damaged"
        so_far = f", which goes on to {self.kills:,}" if n < self.kills else ""
        text = (
            f"**{n:,} kills** (`python -m tests.faults`{so_far}): {ways}. {began} were"
            f" of runs that then went on from a snapshot, the others came before there was one;"
            f" {figures['while_reading']:,} came in the middle of a read of the reader thread."
            f" Beside them {sum(figures['failures'].values()):,} injected errors ({errors}), each"
            f" ended with the right exit code and message. {figures['runs']:,} runs came to their"
            f" end: **{ends}, {figures['different']:,} runs other than the run left alone**."
        )
        return [
            *textwrap.wrap(text, 100),
            "",
            *table(("killed while", "times", "of these"), rows),
        ]


def n_kills(figures: Figures) -> int:
    """All of them."""
    return sum(sum(n.values()) for n in figures.get("kills", {}).values())


def by_phase(figures: Figures) -> Iterator[tuple[str, int, str]]:
    """``(phase, kills, which files)``, first those that touch no file."""
    by_step: dict[str, Counter[str]] = defaultdict(Counter)
    elsewhere: Counter[str] = Counter()
    for way, phases in figures["kills"].items():
        for phase, n in phases.items():
            step, _, what = phase.rpartition(" ")
            if what in _FILES:
                step = "a snapshot was complete" if step == "saved" else step
                by_step[f"{'power cut after ' if way == REPLAYED else ''}{step}"][what] += n
            else:
                elsewhere[phase] += n
    yield from ((phase, n, "") for phase, n in elsewhere.most_common())
    for step, kinds in sorted(by_step.items(), key=lambda item: -item[1].total()):
        listed = ", ".join(f"{_CALLED.get(what, what)} {n:,}" for what, n in kinds.most_common())
        yield step, kinds.total(), listed


def main() -> int:
    """Run it; 1 if something is not as promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    add_options(parser)
    parser.add_argument("--short", action="store_true", help="some dozens of kills")
    parser.add_argument("--kills", type=int, default=KILLS, help="end after so many")
    options = parser.parse_args()
    campaign = Faults(options.kills, options.short)
    campaign.seed = options.seed
    return run(campaign, options)


if __name__ == "__main__":
    sys.exit(main())
