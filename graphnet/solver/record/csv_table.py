"""CSVTable: what was recorded as a table of text, to which rows are added."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from graphnet.files.writing import explained, output_file
from graphnet.solver.history import GrowingCurve, History
from graphnet.solver.record.statistics_file import ADVICE

#: The name of the first column.
FIRST = "iter"
#: Rows that are written together.
_TOGETHER = 4096
#: An iteration, and what was recorded at it by key.
Row: TypeAlias = tuple[int, Mapping[str, float]]


class CSVTable:
    """A file with a row for each iteration and a column for each key.

    The last row is written again when more is added, for more may be recorded at its iteration.

    Args:
        path: The file, which is written anew, beside and renamed.
        history: What goes into it; the columns are in the order of its keys.

    Raises:
        SnapshotError: If it cannot be written.
    """

    def __init__(self, path: Path, history: History) -> None:
        self._path, self._keys = path.absolute(), list(history)
        self._last: Row | None = None
        with output_file(path, ADVICE) as output:
            output.write(_lines([[FIRST, *self._keys]]))
            self._last_at = output.tell()
            for *before, last in _rows(history):
                output.write(self._text(before))
                self._last, self._last_at = last, output.tell()
                output.write(self._text([last]))
        with explained(path, ADVICE):
            self._left = _likeness(self._path.stat())

    def add(self, recorded: Mapping[str, GrowingCurve]) -> bool:
        """Add what was recorded since, by key.

        Returns:
            Whether that could be done. Where there is a new key, an iteration that is not a later
            one, or the file is no longer as it was left, nothing is.

        Raises:
            SnapshotError: If it cannot be written.
        """
        first = -1 if self._last is None else self._last[0]
        rows: dict[int, dict[str, float]] = {}
        if self._last is not None:
            rows[first] = dict(self._last[1])
        for key, column in recorded.items():
            if key not in self._keys or min(column.iters) < first:
                return False
            for at, value in zip(column.iters, column.values, strict=True):
                rows.setdefault(at, {})[key] = value
        with explained(self._path, ADVICE):
            try:
                return self._add(sorted(rows.items()))
            except FileNotFoundError:
                return False

    def _add(self, rows: Sequence[Row]) -> bool:
        with self._path.open("r+b") as file:
            if _likeness(os.fstat(file.fileno())) != self._left:
                return False
            if rows:
                file.seek(self._last_at)
                file.write(self._text(rows[:-1]))
                self._last, self._last_at = rows[-1], file.tell()
                file.write(self._text(rows[-1:]))
                file.truncate()
            self._left = _likeness(os.fstat(file.fileno()))
        return True

    def sync(self) -> None:
        """Put it on the disk.

        Raises:
            SnapshotError: If that fails.
        """
        with explained(self._path, ADVICE), self._path.open("r+b") as file:
            os.fsync(file.fileno())

    def _text(self, rows: Iterable[Row]) -> bytes:
        return _lines([at, *(row.get(key, "") for key in self._keys)] for at, row in rows)


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode()


def _rows(history: History) -> Iterator[list[Row]]:
    """The rows, in pieces of some thousand."""
    none = np.empty(0, np.int64)
    every = np.unique(np.concatenate([none, *(iters for iters, _ in history.values())]))
    for start in range(0, len(every), _TOGETHER):
        part = every[start : start + _TOGETHER]
        rows: dict[int, dict[str, float]] = {at: {} for at in part.tolist()}
        for key, (iters, values) in history.items():
            low, high = np.searchsorted(iters, (part[0], part[-1] + 1))
            for at, value in zip(iters[low:high].tolist(), values[low:high].tolist(), strict=True):
                rows[at][key] = value
        yield list(rows.items())


def _likeness(found: os.stat_result) -> tuple[int, int, int]:
    """Which file it is, and how long."""
    return found.st_dev, found.st_ino, found.st_size
