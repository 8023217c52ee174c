"""The exception tree, and how an error learns where in the user's YAML it belongs.

    GraphnetError
    ├─ SpecError          a YAML file cannot be read, or a key is missing, unknown or mistyped
    ├─ TopologyError      the layers do not form a usable graph
    ├─ ShapeError         a bottom has a shape its layer cannot take
    ├─ DataError          a data source is missing, empty or inconsistent
    ├─ SnapshotError      a snapshot cannot be read, or is not of this net
    ├─ BackendError       a backend was asked for and cannot be had
    ├─ BreakError         a coffee break raised
    ├─ DivergedError      the loss became NaN or infinite
    └─ RankError          ranks of one job disagree, or one has gone

Inner code raises with the bare fact; whoever knows the layer and its place in the file adds
them on the way up with :func:`located`. Nothing here imports the rest of graphnet.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Position:
    """A place in a text file; ``line`` and ``column`` count from 1.

    ``line`` 0 means no file at all but what ``file`` says, such as ``--set max_iter=200``.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what, and where if that is known.

    ``message`` may have several lines; those after the first are indented by two spaces and
    hold what was expected and the likely fix.
    """

    message: str
    position: Position | None = None

    def __str__(self) -> str:
        return self.message if self.position is None else f"{self.position}: {self.message}"


class GraphnetError(Exception):
    """Any mistake a user can make; ``str()`` of it is ready to print.

    Args:
        message: What was found, what was expected, the fix.
        position: Where in the user's file, if known.
    """

    def __init__(self, message: str, position: Position | None = None) -> None:
        self.problems: tuple[Problem, ...] = (Problem(message, position),)
        super().__init__(message)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> GraphnetError:
        """One error that reports all ``problems``, in the order of the file."""
        listed = tuple(problems)
        error = cls(listed[0].message)
        error.problems = _in_file_order(listed)
        return error

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class SpecError(GraphnetError):
    """A YAML file cannot be read, or a key in it is missing, unknown or mistyped."""


class TopologyError(GraphnetError):
    """The layers do not form a usable graph."""


class ShapeError(GraphnetError):
    """A bottom has a shape its layer cannot take."""


class DataError(GraphnetError):
    """A data source is missing, empty or inconsistent."""


class SnapshotError(GraphnetError):
    """A snapshot cannot be read, or is not of this net."""


class BackendError(GraphnetError):
    """A backend was asked for and cannot be had."""


class BreakError(GraphnetError):
    """A coffee break raised."""


class DivergedError(GraphnetError):
    """The loss or a parameter became NaN or infinite."""


class RankError(GraphnetError):
    """The ranks of one job disagree, or one of them has gone."""


@contextmanager
def located(position: Position | None, prefix: str = "") -> Iterator[None]:
    """Give a :class:`GraphnetError` raised inside a position and a prefix it does not have yet."""
    try:
        yield
    except GraphnetError as error:
        error.problems = _in_file_order(
            p if p.position is not None else Problem(_prefixed(prefix, p.message), position)
            for p in error.problems
        )
        raise


def _in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sorted by place; those without one last, as they come."""
    return tuple(
        sorted(problems, key=lambda p: (p.position is None, p.position or Position("", 0, 0)))
    )


def _prefixed(prefix: str, message: str) -> str:
    return message if message.startswith(prefix) else prefix + message


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """A line ``did you mean 'x'?`` (with its newline and indent), or nothing."""
    candidates = list(known)
    lowered = {c.lower(): c for c in reversed(candidates)}
    close = difflib.get_close_matches(found.lower(), list(lowered), n=1, cutoff=0.6)
    return f"\n  did you mean '{lowered[close[0]]}'?" if close else ""


def one_of(known: Sequence[str]) -> str:
    """A line ``expected one of: a, b, c`` (with its newline and indent)."""
    return f"\n  expected one of: {', '.join(sorted(known))}"
