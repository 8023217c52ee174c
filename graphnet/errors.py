"""The exception tree, and how an error learns where in the user's YAML it belongs.

    GraphnetError
    ├─ SpecError          a YAML file cannot be read, or a key is missing, unknown or mistyped
    ├─ TopologyError      the layers do not form a usable graph
    ├─ ShapeError         a bottom has a shape its layer cannot take
    ├─ DataError          a data source is missing, empty or inconsistent
    │  └─ BatchError      a value of a batch is not what the layer that reads it expects
    ├─ SnapshotError      a snapshot cannot be read, or is not of this net
    ├─ BackendError       a backend was asked for and is not available
    ├─ BreakError         a coffee break has failed
    ├─ UserCodeError      user code tried to end the program
    ├─ DivergedError      the loss became NaN or infinite
    ├─ RankError          ranks of one job disagree, or one has gone
    │   └─ LostRankError  one has gone, and those that are left can go on without it
    ├─ MissingExtraError  a package of an extra is not installed; also an error of importing
    └─ UnknownNameError   there is nothing of that name; also a lookup error of Python

Code that finds a mistake raises the bare fact; code that knows the layer and its place in the file
adds them on the way up with :func:`located`. Nothing here imports the rest of graphnet.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Self

#: How many problems an error prints: a file of thousands is wrong in one way, or made to be slow.
_MOST_PROBLEMS = 100
#: How many names a message lists.
_MOST_LISTED = 60


@dataclass(frozen=True, order=True)
class Position:
    """A place in a text file; ``line`` and ``column`` count from 1.

    ``line`` 0 means that ``file`` is not a file but an option, such as ``--set max_iter=200``.
    ``within`` says which repetition of the line is meant, where it is written once and read often.
    """

    file: str
    line: int
    column: int
    within: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and its place if that is known.

    Lines of ``message`` after the first are indented by two spaces: what was expected, and how to
    put it right.
    """

    message: str
    position: Position | None = None

    def __str__(self) -> str:
        if self.position is None:
            return self.message
        within = f"{self.position.within}: " if self.position.within else ""
        return f"{self.position}: {within}{self.message}"


class GraphnetError(Exception):
    """Any mistake a user can make; ``str()`` of it is ready to print.

    Args:
        message: What was found, what was expected, how to put it right.
        position: The place in the user's file. Default: it is not known.

    Attributes:
        about: The key of a layer that the error is about, such as ``("source", 1)``; see
            :func:`about`.
    """

    about: tuple[str | int, ...] = ()

    def __init__(self, message: str, position: Position | None = None) -> None:
        self.problems: tuple[Problem, ...] = (Problem(message, position),)
        super().__init__(message)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> Self:
        """One error that reports all ``problems``, in the order of the file.

        Of a line that is repeated, those of the first repetition that has any.
        """
        listed = tuple(_first_of_repeated(problems))
        error = cls(listed[0].message)
        error.problems = _in_file_order(listed)
        return error

    def __str__(self) -> str:
        shown = [str(problem) for problem in self.problems[:_MOST_PROBLEMS]]
        if (left := len(self.problems) - len(shown)) > 0:
            shown.append(f"and {left:,} more problem{'s' * (left > 1)}")
        return "\n".join(shown)


class SpecError(GraphnetError):
    """A YAML file cannot be read, or a key in it is missing, unknown or mistyped."""


class TopologyError(GraphnetError):
    """The layers do not form a usable graph."""


class ShapeError(GraphnetError):
    """A bottom has a shape its layer cannot take."""


class DataError(GraphnetError):
    """A data source is missing, empty or inconsistent."""


class BatchError(DataError):
    """A value of a batch is not what the layer that reads it expects.

    Args:
        message: As for every error.
        bottom: The index of the layer's bottom that has the value.
        place: Its place in the blob, the row first.
        value: The value.
        ago: How many batches have come since.
    """

    def __init__(
        self, message: str, bottom: int, place: tuple[int, ...], value: float, ago: int
    ) -> None:
        super().__init__(message)
        self.bottom, self.place, self.value, self.ago = bottom, place, value, ago

    def add(self, line: str) -> None:
        """Add a line to the message."""
        self.problems = tuple(Problem(f"{p.message}\n  {line}", p.position) for p in self.problems)


class SnapshotError(GraphnetError):
    """A snapshot cannot be read, or is not of this net."""


class BackendError(GraphnetError):
    """A backend was asked for and is not available."""


class BreakError(GraphnetError):
    """A coffee break has failed."""


class UserCodeError(GraphnetError):
    """User code tried to end the program."""


class DivergedError(GraphnetError):
    """The loss or a parameter became NaN or infinite."""


class RankError(GraphnetError):
    """The ranks of one job disagree, or one of them has gone."""


class LostRankError(RankError):
    """A rank has gone, and those that are left can go on without it."""


class MissingExtraError(GraphnetError, ImportError):
    """A package that an extra brings is not installed."""


class UnknownNameError(GraphnetError, KeyError):
    """A table has nothing of that name."""


class GraphnetWarning(UserWarning):
    """Something that is legal but probably a mistake."""


@contextmanager
def located(position: Position | None, prefix: str = "") -> Iterator[None]:
    """Add a position and a prefix to the problems of an error raised inside that have none."""
    try:
        yield
    except GraphnetError as error:
        error.problems = _in_file_order(
            p if p.position is not None else Problem(_prefixed(prefix, p.message), position)
            for p in error.problems
        )
        raise


@contextmanager
def noted(problems: list[Problem]) -> Iterator[None]:
    """Add the problems of a :class:`GraphnetError` raised inside to ``problems``, and go on."""
    try:
        yield
    except GraphnetError as error:
        problems += error.problems


@contextmanager
def about(*key: str | int) -> Iterator[None]:
    """Note on a :class:`GraphnetError` raised inside which key, or entry of a key, it is about."""
    try:
        yield
    except GraphnetError as error:
        error.about = (*key, *error.about)
        raise


def _first_of_repeated(problems: Iterable[Problem]) -> Iterator[Problem]:
    """All problems, but at each place of a file only those of one repetition."""
    first: dict[Position, str] = {}
    for problem in problems:
        at = problem.position
        if at is None or first.setdefault(replace(at, within=""), at.within) == at.within:
            yield problem


def _in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems sorted by place; those without one come last, in their order."""
    return tuple(
        sorted(problems, key=lambda p: (p.position is None, p.position or Position("", 0, 0)))
    )


def _prefixed(prefix: str, message: str) -> str:
    return message if message.startswith(prefix) else prefix + message


_SHORTEST = 3  # letters of an abbreviated name
_LONGEST, _MOST_COMPARED = 100, 1000  # letters of a name, and names, that are compared


def nearest(found: str, known: Iterable[str]) -> str:
    """The name among ``known`` that is most like ``found``; nothing if none is like it.

    An abbreviation such as ``acc`` stands for the only name that begins with it. Comparing takes
    the square of a name's length: what is longer than any name, and what comes after the first
    thousand names, is not compared.
    """
    if len(found) > _LONGEST:
        return ""
    compared = [c for c in islice(known, _MOST_COMPARED) if len(c) <= _LONGEST]
    lowered = {c.lower(): c for c in reversed(compared)}
    close = difflib.get_close_matches(found.lower(), list(lowered), n=1, cutoff=0.6)
    if not close and len(found) >= _SHORTEST:
        begun = [name for name in lowered if name.startswith(found.lower())]
        close = begun if len(begun) == 1 else []
    return lowered[close[0]] if close else ""


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """A line ``did you mean 'x'?`` (with its newline and indent), or nothing."""
    close = nearest(found, known)
    return f"\n  did you mean '{close}'?" if close else ""


def did_you_mean_file(path: Path) -> str:
    """A line that names an existing file like ``path`` (with its newline and indent), or nothing.

    The file has a similar name or another ending; its folder may have a similar name too, or be
    ``nets`` or ``solvers`` in the folder.
    """
    try:
        folder = _folder_like(path.parent)
        here = sorted(p for p in folder.iterdir() if p.is_file())
        below = [p for name in ("nets", "solvers") for p in sorted(folder.glob(f"{name}/*.yaml"))]
    except (OSError, ValueError):
        return ""
    stem = path.stem if path.suffix.lower() in _ENDINGS else path.name
    found = [p for p in (*here, *below) if p.stem.lower() == stem.lower()]
    close = difflib.get_close_matches(path.name, [p.name for p in here], n=1, cutoff=0.75)
    found += [folder / name for name in close]
    return f"\n  did you mean '{found[0]}'?" if found else ""


#: The endings of files that are read; anything else after a full stop is part of the name.
_ENDINGS = (".yaml", ".yml", ".json", ".h5", ".hdf5", ".npy", ".csv", ".txt")


def _folder_like(folder: Path) -> Path:
    """The folder, or if it is not there, one beside it with a similar name."""
    if folder.is_dir():
        return folder
    names = [p.name for p in folder.parent.iterdir() if p.is_dir()]
    return folder.parent / difflib.get_close_matches(folder.name, [*names, folder.name], n=2)[-1]


def listed(names: Iterable[str]) -> str:
    """The names as ``a, b, c``; of very many, the first, and how many there are besides."""
    names = list(names)
    more = len(names) - _MOST_LISTED
    if more <= 1:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_LISTED])} and {more:,} more"


def one_of(known: Sequence[str], all_by: str = "") -> str:
    """A line ``expected one of: a, b, c`` (with its newline and indent).

    Of very many it lists the first, and a second line names ``all_by``, the command that prints
    them all. Default: there is no such command, and no second line.
    """
    is_cut = len(known) - 1 > _MOST_LISTED
    more = f"\n  all of them: {all_by}" if is_cut and all_by else ""
    return f"\n  expected one of: {listed(sorted(known))}{more}"
