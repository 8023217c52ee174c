"""StatisticsFile: what a run measured, a line for each value.

    {"iter": 300, "key": "accuracy", "value": 0.9641}

A value that is not finite is written as the string "NaN", "Infinity" or "-Infinity": JSON has
no such numbers, and ``float()`` reads both kinds. No line depends on the clock, so equal runs
write equal files.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite, isnan
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from graphnet.errors import SnapshotError
from graphnet.files.bounds import check_write
from graphnet.files.folder import Folder
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.files.writing import Advice, explained, write_durably

#: What to do if a file of a run cannot be written.
ADVICE = Advice(
    SnapshotError,
    "make room, or lower keep_last",
    "choose another exp_dir",
    "copy the run to another one",
)
_MOST_WAITING = 1 << 13
_FIRST_LINE = b'{"iter"'  # after a crash, a part of it may be all there is
#: Bytes of a file that are read together.
_PIECE = 1 << 18
#: A line as graphnet writes it, unless something in its key is written as an escape.
_LINES = re.compile(
    rb'^\{"iter": (0|[1-9][0-9]{0,17}), "key": "([ !#-\[\]-~]*)", '
    rb'"value": "?(-?(?:[0-9][-+.0-9e]*|NaN|Infinity))"?\}\n',
    re.MULTILINE,
)
FileExists: TypeAlias = Literal["merge", "overwrite", "panic"]


@dataclass(frozen=True)
class Recorded:
    """A value of a statistic, and the iteration at which it was recorded."""

    iter: int
    key: str
    value: float

    def to_line(self) -> str:
        """Its line in the file."""
        value = self.value if isfinite(self.value) else _word(self.value)
        return json.dumps({"iter": self.iter, "key": self.key, "value": value}) + "\n"

    @classmethod
    def from_line(cls, line: bytes) -> Recorded | None:
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


def values_by_key(path: Path) -> dict[str, dict[int, float]]:
    """The values in a file by key, then by iteration; where one was recorded twice, the last.

    The file is read in pieces; the lines of one in which each is as graphnet writes it are taken
    apart together, which takes a sixth of the time, others one by one.
    """
    found: dict[str, dict[int, float]] = {}
    with open_regular(path, SnapshotError) as file:
        for piece in _pieces(file):
            for key, values in _values_in(piece).items():
                found.setdefault(key, {}).update(values)
    return found


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """A file in pieces of whole lines; the last one may be cut off."""
    rest: list[bytes] = []  # of a line that has not ended
    while read := file.read(_PIECE):
        end = read.rfind(b"\n") + 1
        if end:
            yield b"".join((*rest, read[:end]))
            rest = []
        rest.append(read[end:])
    yield b"".join(rest)


def _values_in(piece: bytes) -> Mapping[str, dict[int, float]]:
    """What is in some lines, by key, then by iteration."""
    found: defaultdict[bytes, dict[int, float]] = defaultdict(dict)
    lines = _LINES.findall(piece)
    if len(lines) == piece.count(b"\n") and piece.endswith(b"\n"):
        try:
            for at, key, value in lines:
                found[key][int(at)] = float(value)
        except ValueError:
            pass
        else:
            return {key.decode("ascii"): values for key, values in found.items()}
    others: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for one in filter(None, map(Recorded.from_line, piece.split(b"\n"))):
        others[one.key][one.iter] = one.value
    return others


def begins_as_statistics(beginning: bytes) -> bool:
    """Whether a file with this beginning may be a run's: it is empty, or a value is in it.

    It may be damaged: a power cut leaves zeros, or a part of a line.
    """
    text = beginning.strip(b"\0 \r\n")
    return not text or b'"iter"' in text or text in _FIRST_LINE


class StatisticsFile:
    """A statistics file that is being added to.

    Args:
        path: Its path; the folder is made if it is not there.
        folder: The run's directory, held open, if the file is the run's own.

    Raises:
        SnapshotError: If it cannot be written, or is a file of another kind.
    """

    def __init__(self, path: Path, folder: Folder | None = None) -> None:
        self.path = path
        self._waiting = bytearray()
        with explained(path, ADVICE):
            if folder is not None:
                self._descriptor = self._open(folder)
                return
            check_write(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            with Folder(path.parent) as parent:
                self._refuse_other(parent)
                self._descriptor = self._open(parent)

    def _refuse_other(self, folder: Folder) -> None:
        """Refuse a file of the user's choice that holds something other than statistics."""
        name = self.path.name
        if folder.has_file(name) and not begins_as_statistics(folder.read(name, 1 << 12)):
            raise SnapshotError(
                f"{shown(self.path)}: holds no statistics, so none are added to it\n"
                "  choose another file"
            )

    def _open(self, folder: Folder) -> int:
        name = self.path.name
        found = folder.status(name)
        if (
            found is not None and found.st_nlink > 1
        ):  # it has a second name, under which it stays as it is
            write_durably(self.path, folder.read(name), ADVICE, folder)
        return folder.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def append(self, recorded: Recorded) -> None:
        """Add a line; it is in the file after the next :meth:`flush`."""
        self._waiting += recorded.to_line().encode()
        if len(self._waiting) > _MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Hand the lines to the system."""
        with explained(self.path, ADVICE):
            while self._waiting:
                del self._waiting[: os.write(self._descriptor, self._waiting)]

    def sync(self) -> int:
        """Put the lines on the disk and say how many bytes the file has."""
        self.flush()
        with explained(self.path, ADVICE):
            os.fsync(self._descriptor)
            return os.lseek(self._descriptor, 0, os.SEEK_END)

    def cut(self, position: int, first_iter: int | None = None) -> bool:
        """Drop what comes after ``position`` bytes.

        Args:
            position: How much stays.
            first_iter: Everything after it must be of this iteration or a later one, as a run
                that stood there would have written it. Default: it may be anything.

        Returns:
            Whether the file was at least that long, so that it is complete up to there.

        Raises:
            SnapshotError: If that fails, or something else would be dropped.
        """
        self.flush()
        with explained(self.path, ADVICE):
            size = os.lseek(self._descriptor, 0, os.SEEK_END)
            if size <= position:
                return size == position
            if first_iter is not None:
                self._refuse_others(position, first_iter)
            os.ftruncate(self._descriptor, position)
        return True

    def _refuse_others(self, position: int, first_iter: int) -> None:
        """Refuse to cut off values that were recorded before the iteration ``first_iter``."""
        os.lseek(self._descriptor, position, os.SEEK_SET)
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            *lines, last = file.read().split(b"\n")  # a crash may have left a part of the last line
        for line in (*lines, *([last] if Recorded.from_line(last) else [])):
            found = Recorded.from_line(line)
            if line.strip(b"\0") and (found is None or found.iter < first_iter):
                raise SnapshotError(
                    f"{shown(self.path)}: has more in it than the run that goes on has written\n"
                    "  it stays as it is: give save_into the file of before, or another one"
                )

    def close(self) -> None:
        """Close it."""
        try:
            self.flush()
        finally:
            with explained(self.path, ADVICE):
                os.close(self._descriptor)
