"""Progress: a moving line on a terminal, plain lines elsewhere, for training and downloads."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from time import perf_counter
from typing import TYPE_CHECKING

from graphnet.cli.output.terminal import (
    bytes_text,
    console,
    is_terminal,
    on_terminal,
    warn,
)
from graphnet.readable import fitted, visible
from graphnet.solver.pace import Speed, progress_texts
from graphnet.solver.reporter import PlainReporter, Reporter, RunProgress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_REFRESH_S = 0.2
_LEAST_BAR = 5  # columns of the bar on a narrow terminal
_SILENCE_S = 30.0  # off a terminal, a line when nothing else was said for so long


class PlainLines(PlainReporter):
    """Prints lines as they come, warnings to stderr, and progress after a long silence."""

    def __init__(self) -> None:
        super().__init__()
        self._progress: RunProgress | None = None
        self._speed = Speed()
        self._said_at = perf_counter()

    def line(self, text: str) -> None:
        """Print it."""
        super().line(text)
        self._said_at = perf_counter()

    def warning(self, text: str) -> None:
        """Print it to stderr."""
        warn(f"warning: {text}")

    def start(self, progress: RunProgress) -> None:
        """Begin to measure the speed."""
        self._progress = progress
        self._speed.at(perf_counter(), progress.state.iter)

    def step(self) -> None:
        """Print progress if nothing was printed for long."""
        now = perf_counter()
        if self._progress is not None and now - self._said_at > _SILENCE_S:
            speed = self._speed.at(now, self._progress.state.iter)
            self.line(fitted(progress_texts(self._progress, speed), None))


class QuietLines(PlainLines):
    """Only warnings."""

    def line(self, text: str) -> None:
        """Nothing."""

    def step(self) -> None:
        """Nothing."""


class MovingLine:
    """A line at the bottom of the terminal that moves; everything else scrolls above it."""

    def __init__(self) -> None:
        self._console = console()
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._progress: RunProgress | None = None
        self._speed = Speed()
        self._drawn_at = 0.0

    @property
    def width(self) -> int:
        """The columns of the terminal, as they are now."""
        return self._console.width

    def line(self, text: str) -> None:
        """Print it above the line."""
        self._console.print(visible(text), soft_wrap=True)

    def warning(self, text: str) -> None:
        """Print it above the line, in colour."""
        self._console.print(visible(f"warning: {text}"), style="yellow", soft_wrap=True)

    def start(self, progress: RunProgress) -> None:
        """Draw it."""
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        self._progress = progress
        texts = self._texts(progress, perf_counter())
        self._bar = Bar(
            TextColumn("{task.fields[texts][iter]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[texts][rest]}"),
            console=self._console,
            transient=True,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=progress.last_iter, texts=texts)
        self._bar.start()

    def step(self) -> None:
        """Move it, a few times a second."""
        now = perf_counter()
        if now - self._drawn_at < _REFRESH_S or self._bar is None or self._progress is None:
            return
        self._drawn_at = now
        texts = self._texts(self._progress, now)
        if self._task is not None:
            self._bar.update(self._task, completed=self._progress.state.iter, texts=texts)
        self._bar.refresh()

    def _texts(self, progress: RunProgress, now: float) -> dict[str, str]:
        """What stands before the bar, and behind it as much as there is room for."""
        texts = progress_texts(progress, self._speed.at(now, progress.state.iter))
        before = texts.pop("iter")
        room = self.width - len(before) - _LEAST_BAR - 2
        return {"iter": before, "rest": fitted(texts, room, ("lr", "speed", "left", "loss"))}

    def finish(self) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def reporter(*, quiet: bool) -> Reporter:
    """A reporter for a terminal, for plain lines, or for warnings alone."""
    if quiet:
        return QuietLines()
    return MovingLine() if on_terminal() else PlainLines()


class Downloads(AbstractContextManager["Downloads"]):
    """Reports downloads on stderr: a line for each finished file."""

    def __exit__(self, *error: object) -> None:
        """Nothing to end."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Note that ``done`` of ``total`` bytes of a file are here; a total of 0 is unknown."""
        if total and done >= total:
            warn(f"downloaded {what} ({bytes_text(total)})")


class DownloadBars(Downloads):
    """A bar for each file."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._tasks: dict[str, TaskID] = {}

    def __exit__(self, *error: object) -> None:
        """Stop drawing."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Move the file's bar."""
        if self._bar is None:
            self._bar = _download_bar()
            self._bar.start()
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total or None)
        self._bar.update(self._tasks[what], completed=done, total=total or None)


def _download_bar() -> Bar:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
    )


def downloads() -> Downloads:
    """Bars on a terminal, lines elsewhere."""
    return DownloadBars() if is_terminal(sys.stderr) else Downloads()


class RowBar(AbstractContextManager["RowBar"]):
    """A bar on stderr of how many rows are done.

    Args:
        total: How many there are; None if nobody knows.
        is_shown: Whether there is a bar at all.
    """

    def __init__(self, total: int | None, *, is_shown: bool) -> None:
        self._total, self._is_shown = total, is_shown
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __exit__(self, *error: object) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.stop()

    def at(self, done: int) -> None:
        """Move it."""
        if not self._is_shown:
            return
        if self._bar is None:
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.fields[done]} rows"),
                BarColumn(),
                TimeRemainingColumn(),
                console=console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("", total=self._total, done="0")
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, completed=done, done=f"{done:,}")
