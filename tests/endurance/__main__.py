"""``python -m tests.endurance``: a run of 24 hours in simulation, and all that befalls it.

It ends with 1 if something is not as promised. Where the system lets it, it takes place on a small
file system of its own, in memory, which can be filled.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphnet.draw.shapes import Picture
    from tests.endurance.day import Day

_DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, PICTURE = _DOCS / "reliability.md", "images/endurance.svg"
_DISK = "512m"
#: A process that is root in a name space of its own may mount what the others do not see.
_ALONE = ["unshare", "-Urm"]
_MIB = 1 << 20


def main(given: Sequence[str]) -> int:
    """Let the day pass; 1 if something is not as promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance")
    parser.add_argument("--folder", type=Path, help="write its figures and curves there")
    parser.add_argument("--hours", type=float, default=24.0, help="of the day; default 24")
    parser.add_argument(
        "--docs", action="store_true", help="write the figures and curves into docs/reliability.md"
    )
    parser.add_argument("--own-disk", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(given)
    if not options.own_disk and _may_mount():
        words = [sys.executable, "-m", "tests.endurance", *given, "--own-disk"]
        return subprocess.run([*_ALONE, *words], check=False).returncode
    from tests.endurance.day import STEP_S, Day

    began = time.monotonic()
    iterations = round(options.hours * 3600 / STEP_S)
    with _place(own_disk=options.own_disk) as place:
        day = Day(place, iterations, max(iterations // 864, 100), fills=options.own_disk)
        day.run()
    if not day.samples:  # it has not begun
        sys.exit("\n".join(f"WRONG: {what}" for what in day.wrong))
    lines = report(day)
    seconds = time.monotonic() - began
    sys.stdout.write("\n".join([*lines, f"it took {seconds / 60:.1f} min"]) + "\n")
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        figures = {"samples": [asdict(s) for s in day.samples], "events": day.events}
        (options.folder / "day.json").write_text(json.dumps(figures), "utf-8")
        (options.folder / "report.txt").write_text("\n".join(lines) + "\n", "utf-8")
        _draw(day, options.folder / "endurance.svg")
    if options.docs:
        from tests.campaigns.pages import put_into_page

        put_into_page(PAGE, "endurance", page(day, seconds))
        _draw(day, PAGE.parent / PICTURE)
    return 1 if day.wrong else 0


def _may_mount() -> bool:
    mounted = [*_ALONE, "mount", "-t", "tmpfs", "none", tempfile.gettempdir()]
    return bool(shutil.which(_ALONE[0])) and not _returns(mounted)


def _returns(command: Sequence[str]) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode


@contextmanager
def _place(*, own_disk: bool) -> Iterator[Path]:
    """An empty folder; with a disk of its own it is one."""
    with tempfile.TemporaryDirectory(prefix="endurance-") as folder:
        if own_disk:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "none", folder]
            subprocess.run(mount, check=True)
        try:
            yield Path(folder)
        finally:
            if own_disk:
                subprocess.run(["umount", folder], check=True)


# --- what is told -----------------------------------------------------------------------


def report(day: Day) -> list[str]:
    """The figures in words."""
    last = day.samples[-1]
    memory = f"{last.memory / _MIB:>8.1f}  MiB, {day.growth() / _MIB:+.2f} since the first hour"
    late = f"{day.late_growth() / 1024:+.0f} KiB in the second half"
    files = f"{max(s.files for s in day.samples):>8}  at most, {last.n_bytes / _MIB:.1f} MiB"
    return [
        f"simulated            {last.hour:>8.2f}  hours, {last.iteration:,} iterations",
        f"starts               {last.life + 1:>8}",
        f"it befell            {len(day.events):>8}  times",
        f"memory               {memory} of a start, {late}",
        f"files held open      {max(s.descriptors for s in day.samples):>8}  at most",
        f"threads              {max(s.threads for s in day.samples):>8}  at most",
        f"files                {files} in the end",
        "a thousand iterations {:>7.1f}  ms in the first twelfth, {:.1f} in the last".format(
            *paces(day)
        ),
        *(f"{hour:>8.2f} h  {what}" for hour, what in day.events),
        *(f"WRONG: {what}" for what in day.wrong),
    ]


def paces(day: Day) -> tuple[float, float]:
    """Milliseconds for a thousand iterations in the first and in the last twelfth of the day."""
    from tests.endurance.day import milliseconds

    found = [ms for _, ms in milliseconds(day.samples)]
    part = max(len(found) // 12, 1)
    return median(found[:part]), median(found[-part:])


def page(day: Day, seconds: float) -> list[str]:
    """The figures as Markdown."""
    from tests.campaigns.pages import table

    last = day.samples[-1]
    verdict = (
        "**its snapshots, `statistics.jsonl` and `log.csv` have the same bytes as those of the run"
        " left alone**"
        if not day.wrong
        else f"**{len(day.wrong)} things were not as promised**"
    )
    first, end = paces(day)
    text = (
        f"{last.iteration:,} iterations in {last.hour:.1f} simulated hours, started"
        f" {last.life + 1} times: {verdict}. Memory: {last.memory / _MIB:.1f} MiB in the end,"
        f" {day.growth() / _MIB:+.2f} MiB since the first hour of a start, which files written anew"
        f" have left behind, and {day.late_growth() / 1024:+.0f} KiB in the second half of the day."
        " At most"
        f" {max(s.files for s in day.samples)} files, of {last.n_bytes / _MIB:.0f} MiB in the end;"
        f" {max(s.descriptors for s in day.samples)} held open; threads:"
        f" {max(s.threads for s in day.samples)}. A thousand iterations take {first:.0f} ms"
        f" of the processor in the first two hours, {end:.0f} ms in the last;"
        " what else the machine does is in that."
    )
    rows = [(f"{hour:.1f}", what) for hour, what in day.events]
    return [
        *textwrap.wrap(text, 110),
        "",
        f"![Memory, files and time over a day]({PICTURE})",
        "",
        *table(("hour", "what befell the run"), rows),
        "",
        f"It took {seconds / 60:.0f} minutes.",
    ]


def picture(day: Day) -> Picture:
    """The curves: memory, what is held, the directory, the time."""
    from graphnet.draw.chart import Panel, Series, chart
    from graphnet.runs.curves import thinned
    from tests.endurance.day import milliseconds

    def curve(name: str, scale: float = 1.0) -> list[tuple[float, float]]:
        return thinned([(s.hour, getattr(s, name) / scale) for s in day.samples])

    def panel(title: str, *series: tuple[str, str, float]) -> Panel:
        lines = [Series(name, curve(key, by), i) for i, (name, key, by) in enumerate(series)]
        return Panel(title, lines, 110.0)

    return chart(
        "A run of a day, in simulation",
        [
            panel("resident memory, MiB", ("", "memory", _MIB)),
            panel("held", ("files held open", "descriptors", 1.0), ("threads", "threads", 1.0)),
            panel("files in the run's directory", ("", "files", 1.0)),
            panel("their size, MiB", ("", "n_bytes", _MIB)),
            Panel("1,000 iterations, ms", [Series("", thinned(milliseconds(day.samples)))], 110.0),
        ],
        "hours",
        may_be_log=False,
    )


def _draw(day: Day, path: Path) -> None:
    from graphnet.draw.svg import svg

    path.write_text(svg(picture(day)), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
