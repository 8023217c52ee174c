"""Reporters: what a run tells its user goes to a terminal, a file or a test."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TextIO, runtime_checkable

from graphnet.readable import write_line
from graphnet.solver.state import SolverState


@dataclass(frozen=True)
class RunProgress:
    """What a progress line shows; ``state`` changes while the run goes on.

    Attributes:
        state: Where the run stands.
        first_iter: The iteration at which this start began.
        last_iter: The iteration at which it will end, or None if that cannot be known.
        samples_per_iter: How many samples one update reads.
    """

    state: SolverState
    first_iter: int
    last_iter: int | None
    samples_per_iter: int


@runtime_checkable
class Reporter(Protocol):
    """What a run tells its user; the command line has one of its own."""

    def line(self, text: str) -> None:
        """Say something: one line, or several."""

    def warning(self, text: str) -> None:
        """Say something the user should not miss."""

    def start(self, progress: RunProgress) -> None:
        """The loop begins."""

    def step(self) -> None:
        """An iteration is done; called after each, so it must cost next to nothing."""

    def finish(self) -> None:
        """The loop has ended, in whatever way."""


def width_of(reporter: Reporter) -> int | None:
    """The columns of the terminal that a reporter writes to, if it has a ``width`` and knows it."""
    width = getattr(reporter, "width", None)
    return width if isinstance(width, int) else None


class PlainReporter:
    """Prints plain lines. A stream that is closed, full or not in Unicode does not end a run.

    Args:
        stream: The stream. Default: what standard output is at the time.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def line(self, text: str) -> None:
        """Print it."""
        write_line(self._stream or sys.stdout, text)

    def warning(self, text: str) -> None:
        """Print it, marked."""
        self.line(f"warning: {text}")

    def start(self, progress: RunProgress) -> None:
        """Nothing."""

    def step(self) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


class SilentReporter(PlainReporter):
    """Says nothing."""

    def line(self, text: str) -> None:
        """Nothing."""


class RankReporter(PlainReporter):
    """Prints the warnings of a rank other than 0, with its number.

    Args:
        rank: The rank.
        stream: The stream. Default: what stderr is at the time.
    """

    def __init__(self, rank: int, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._rank = rank

    def line(self, text: str) -> None:
        """Nothing."""

    def warning(self, text: str) -> None:
        """Print it, with the rank."""
        write_line(self._stream or sys.stderr, f"rank {self._rank}: warning: {text}")


class RelayReporter:
    """Of a rank that may come to be rank 0: from then on it speaks as rank 0 does.

    Args:
        reporter: How rank 0 speaks.
        rank: Gives the number that this rank has now.
    """

    def __init__(self, reporter: Reporter, rank: Callable[[], int]) -> None:
        self._loud, self._rank = reporter, rank
        self._started = False

    @property
    def _now(self) -> Reporter:
        rank = self._rank()
        return RankReporter(rank) if rank else self._loud

    @property
    def width(self) -> int | None:
        """The columns of the terminal, if rank 0 knows them."""
        return width_of(self._loud)

    def line(self, text: str) -> None:
        """Say it on rank 0."""
        self._now.line(text)

    def warning(self, text: str) -> None:
        """Say it, with the rank on any other."""
        self._now.warning(text)

    def start(self, progress: RunProgress) -> None:
        """The loop begins, or goes on."""
        self._started = self._rank() == 0
        if self._started:
            self._loud.start(progress)

    def step(self) -> None:
        """An iteration is done."""
        if self._started:
            self._loud.step()

    def finish(self) -> None:
        """The loop has ended, or goes on in another way."""
        if self._started:
            self._loud.finish()
        self._started = False
