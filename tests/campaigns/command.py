"""The command line that all campaigns share: folders, seeds, jobs, hours, figures, reports.

    python -m tests.faults --folder FOLDER --jobs 2 --hours 8 --docs

A campaign is cut into slices. It may be stopped at any time (Ctrl-C, SIGTERM, a kill, ``--hours``)
and goes on where it was when it is started with the same folder; figures add up over all starts.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from tests.campaigns.figures import Figures, add
from tests.campaigns.folder import CampaignFolder, figures_in
from tests.campaigns.pages import put_into_page
from tests.campaigns.slices import Slice, run_slices

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
NIGHT_HOURS = 8.0


class Campaign(Protocol):
    """What a campaign has to say for itself."""

    #: As in ``python -m tests.NAME``, and in the markers of the page.
    name: str

    def settings(self) -> Mapping[str, Any]:
        """What its slices depend on."""

    def prepare(self, folder: Path) -> Slice:
        """Make what all slices share, in an empty folder; what runs one."""

    def slices(self) -> int | None:
        """How many there are; None: until it is enough."""

    def is_enough(self, figures: Figures) -> bool:
        """Whether it may end."""

    def report(self, figures: Figures) -> list[str]:
        """The figures in words."""

    def page(self, figures: Figures) -> list[str]:
        """The figures as Markdown."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Those that every campaign has."""
    parser.add_argument("--folder", type=Path, help="go on with the campaign in this folder")
    parser.add_argument("--seed", type=int, default=0, help="of what is left to chance")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="slices at once")
    parser.add_argument("--hours", type=float, help="end after so many")
    parser.add_argument(
        "--nightly",
        action="store_true",
        help=f"no end but --hours (default {NIGHT_HOURS:g}); ends with its report in the page",
    )
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    parser.add_argument(
        "--docs",
        type=Path,
        nargs="?",
        const=PAGE,
        metavar="PAGE",
        help="write the figures into a page, between its markers (default docs/reliability.md)",
    )
    parser.add_argument(
        "--also", type=Path, nargs="*", default=[], help="add the figures of these folders"
    )
    parser.add_argument("--report", action="store_true", help="report only; run nothing")


def run(campaign: Campaign, options: argparse.Namespace) -> int:
    """Run a campaign, or go on with it; 1 if something is not as promised."""
    for name in ("folder", "json", "docs"):  # campaigns may change the working directory
        if getattr(options, name):
            setattr(options, name, getattr(options, name).resolve())
    with temporary() as scratch:
        settings = {"campaign": campaign.name, "seed": options.seed, **campaign.settings()}
        folder = CampaignFolder(options.folder or Path(scratch) / "campaign", settings)
        if not options.report:
            _run(campaign, options, folder, Path(scratch))
        figures, seconds = folder.figures, folder.seconds
        for other in options.also:
            more, more_seconds = figures_in(other)
            add(figures, more)
            seconds += more_seconds
        lines = [
            *campaign.report(figures),
            f"machine hours        {seconds / 3600:>8.2f}  of a processor, {folder.starts} starts",
            *(f"WRONG: {what}" for what in figures.get("wrong", [])),
        ]
        sys.stdout.write("\n".join(lines) + "\n")
        (folder.path / "report.txt").write_text("\n".join(lines) + "\n", "utf-8")
        if options.json:
            options.json.write_text(json.dumps(figures, indent=2), "utf-8")
        page = options.docs or (PAGE if options.nightly else None)
        if page:
            put_into_page(page, campaign.name, _page(campaign, figures, seconds))
        folder.close()
    return 1 if figures.get("wrong") else 0


def _run(
    campaign: Campaign, options: argparse.Namespace, folder: CampaignFolder, scratch: Path
) -> None:
    ends = time.monotonic() + 3600 * (options.hours or NIGHT_HOURS)
    has_end = bool(options.hours or options.nightly)
    stopped: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: _stop(stopped, number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }

    def may_go_on() -> bool:
        late = has_end and time.monotonic() > ends
        enough = not options.nightly and campaign.is_enough(folder.figures)
        return not (stopped or late or enough)

    numbers = _numbers(folder.done, None if options.nightly else campaign.slices())
    (scratch / "shared").mkdir()
    (scratch / "slices").mkdir()
    if may_go_on():
        here = Path.cwd()
        function = campaign.prepare(scratch / "shared")
        last = time.monotonic()
        for done in run_slices(numbers, function, scratch / "slices", options.jobs, may_go_on):
            now = time.monotonic()
            folder.add(done.number, done.seconds, round(now - last, 2), done.figures)
            last = now
            for what in done.figures.get("wrong", []):
                sys.stderr.write(f"WRONG: {what}\n")
        os.chdir(here)
    for number, handler in before.items():
        signal.signal(number, handler)


def _stop(stopped: list[int], number: int) -> None:
    if stopped:  # the second one does not wait for the slices that are being done
        raise KeyboardInterrupt
    stopped.append(number)


def _numbers(done: set[int], n: int | None) -> Iterator[int]:
    every = range(n) if n is not None else itertools.count()
    return (number for number in every if number not in done)


def _page(campaign: Campaign, figures: Figures, seconds: float) -> list[str]:
    return [*campaign.page(figures), "", f"It took {seconds / 3600:.2f} hours of one processor."]


def temporary() -> tempfile.TemporaryDirectory[str]:
    """A folder in memory where the machine has such a file system."""
    shared = Path("/dev/shm")  # noqa: S108
    place = shared if shared.is_dir() else None
    return tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True)
