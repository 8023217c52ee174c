"""statistics.jsonl: what a run measured, a line for each value.

    {"iter": 300, "key": "accuracy", "value": 0.9641}

A value that is not finite is written as the string "NaN", "Infinity" or "-Infinity": JSON has
no such numbers, and ``float()`` reads both kinds. No line depends on the clock, so equal runs
write equal files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, isnan
from pathlib import Path
from typing import Literal, TypeAlias

from graphnet.solver.durable import explained

FileExists: TypeAlias = Literal["merge", "overwrite", "panic"]


@dataclass(frozen=True)
class Measured:
    """One value: what, when, how much."""

    iter: int
    key: str
    value: float

    def to_line(self) -> str:
        """Its line in the file."""
        value = self.value if isfinite(self.value) else _word(self.value)
        return json.dumps({"iter": self.iter, "key": self.key, "value": value}) + "\n"

    @classmethod
    def from_line(cls, line: bytes) -> Measured | None:
        """The value a line holds, or None if it is not such a line."""
        try:
            found = json.loads(line)
            return cls(int(found["iter"]), str(found["key"]), float(found["value"]))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None


def _word(value: float) -> str:
    if isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def read_statistics(path: Path) -> Iterator[Measured]:
    """The values in a file, in its order; lines that hold none are passed over."""
    with path.open("rb") as file:
        for line in file:
            measured = Measured.from_line(line)
            if measured is not None:
                yield measured


class StatisticsFile:
    """A statistics file that is being added to.

    Args:
        path: Where; its folder is made.

    Raises:
        SnapshotError: If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")

    def append(self, measured: Measured) -> None:
        """Add a line; it is in the file after the next :meth:`flush`."""
        with explained(self.path):
            self._file.write(measured.to_line().encode())

    def flush(self) -> None:
        """Hand the lines to the system."""
        with explained(self.path):
            self._file.flush()

    def sync(self) -> int:
        """Put the lines on the disk and say how many bytes the file has."""
        with explained(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._file.tell()

    def cut(self, position: int) -> bool:
        """Drop what comes after ``position`` bytes.

        Returns:
            Whether the file was at least that long, so that it is now what it was then.
        """
        with explained(self.path):
            self._file.flush()
            size = self._file.seek(0, os.SEEK_END)
            self._file.truncate(min(position, size))
            self._file.seek(0, os.SEEK_END)
        return size >= position

    def close(self) -> None:
        """Close it."""
        with explained(self.path):
            self._file.close()
