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
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from math import isfinite, isnan
from os.path import samestat
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy as np

from graphnet.errors import SnapshotError
from graphnet.files.bounds import check_write
from graphnet.files.folder import Folder
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.files.writing import Advice, explained, output_file, write_durably
from graphnet.solver.history import GrowingCurve, columns_by_key

#: What to do if a file of a run cannot be written.
ADVICE = Advice(
    SnapshotError,
    "make room, or lower keep_last",
    "choose another exp_dir",
    "copy the run to another one",
)
_MOST_WAITING = 1 << 13
_FIRST_LINE = b'{"iter"'  # after a crash, a part of it may be all there is
#: No run comes to such an iteration.
_FAR = 1 << 62
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
            at = int(found["iter"])
            is_one = abs(at) < _FAR
            return cls(at, str(found["key"]), float(found["value"])) if is_one else None
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None


def _word(value: float) -> str:
    if isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def columns_in(path: Path) -> dict[str, GrowingCurve]:
    """The values in a file by key, as they were recorded.

    The file is read in pieces; the lines of one in which each is as graphnet writes it are taken
    apart together, which takes a sixth of the time, others one by one.
    """
    with open_regular(path, SnapshotError) as file:
        return _columns_of(file)


def values_by_key(path: Path) -> dict[str, dict[int, float]]:
    """The values in a file by key, then by iteration; where one was recorded twice, the last."""
    return {key: column.by_iter() for key, column in columns_in(path).items()}


def _columns_of(file: BinaryIO) -> dict[str, GrowingCurve]:
    found: dict[str, GrowingCurve] = {}
    for piece in _pieces(file):
        for key, column in _columns_in(piece).items():
            found.setdefault(key, GrowingCurve()).extend(column)
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


def _columns_in(piece: bytes) -> dict[str, GrowingCurve]:
    """What is in some lines, by key."""
    lines = _LINES.findall(piece)
    if lines and len(lines) == piece.count(b"\n") and piece.endswith(b"\n"):
        with suppress(ValueError):
            return _taken_apart(lines)
    found: dict[str, GrowingCurve] = {}
    for one in filter(None, map(Recorded.from_line, piece.split(b"\n"))):
        found.setdefault(one.key, GrowingCurve()).add(one.iter, one.value)
    return found


def _taken_apart(lines: list[tuple[bytes, bytes, bytes]]) -> dict[str, GrowingCurve]:
    ats, keys, texts = zip(*lines, strict=True)
    numbers = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    n = len(lines)
    which = np.fromiter(map(numbers.__getitem__, keys), np.uint32, n)
    iters = np.fromiter(map(int, ats), np.int64, n)
    values = np.fromiter(map(float, texts), np.float64, n)
    return columns_by_key([key.decode("ascii") for key in numbers], which, iters, values)


def begins_as_statistics(beginning: bytes) -> bool:
    """Whether a file with this beginning may be a run's: it is empty, or a value is in it.

    It may be damaged: a power cut leaves zeros, or a part of a line.
    """
    text = beginning.strip(b"\0 \r\n")
    return not text or b'"iter"' in text or text in _FIRST_LINE


class StatisticsFile:
    """A statistics file that is being added to.

    Another program, such as one that rotates logs, may move, remove or empty it meanwhile. That is
    noticed when lines are handed to the system. A file that is no longer at its path is written
    anew, with all that was in it.

    Args:
        path: Its path; the folder is made if it is not there.
        folder: The run's directory, held open, if the file is the run's own.
        warn: Called with a text when somebody has moved, removed or cut it.
        look: Called if the file is no longer at its path; raises if the whole folder has gone.

    Raises:
        SnapshotError: If it cannot be written, or is a file of another kind.
    """

    def __init__(
        self,
        path: Path,
        folder: Folder | None = None,
        warn: Callable[[str], None] = lambda _: None,
        look: Callable[[], object] = lambda: None,
    ) -> None:
        self.path, self._place = path, path.absolute()
        self._own_folder, self._warn, self._check = folder, warn, look
        self._waiting = bytearray()
        with explained(path, ADVICE):
            if folder is None:
                check_write(path)
                path.parent.mkdir(parents=True, exist_ok=True)
            with self._folder() as there:
                if folder is None:
                    self._refuse_other(there)
                self._descriptor = self._open(there)
            self._size = os.lseek(self._descriptor, 0, os.SEEK_END)

    def _folder(self) -> AbstractContextManager[Folder]:
        """The folder it is in, held."""
        return nullcontext(self._own_folder) if self._own_folder else Folder(self._place.parent)

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
        """Hand the lines to the system.

        Raises:
            SnapshotError: If they cannot be written, or another file has the name now.
        """
        with explained(self.path, ADVICE):
            while self._waiting:
                n = os.write(self._descriptor, self._waiting)
                self._size += n
                del self._waiting[:n]
            self._see_that_it_is_there()

    def _see_that_it_is_there(self) -> None:
        """See that it is still at its path, and that all that was written is in it."""
        held, there = os.fstat(self._descriptor), self._status()
        if there is not None and samestat(held, there):
            if held.st_size < self._size:
                self._size = held.st_size
                self._warn(
                    f"{shown(self.path)} was cut short by another program, so what the run has"
                    " recorded is no longer all there; what is left is kept\n"
                    "  leave it alone until the run has ended"
                )
            return
        self._check()
        if there is not None and there.st_size:
            raise SnapshotError(
                f"{shown(self.path)}: was replaced by another file while the run was going on\n"
                "  move that elsewhere and solve again: the run goes on from its last snapshot"
            )
        self._write_anew()

    def _status(self) -> os.stat_result | None:
        if self._own_folder is not None:
            return self._own_folder.status(self.path.name)
        with suppress(FileNotFoundError):
            return self._place.lstat()
        return None

    def _write_anew(self) -> None:
        """Write what is in the file that is held under the name that leads to it no longer."""
        with self._folder() as folder:
            with output_file(self._place, ADVICE, folder) as output:
                os.lseek(self._descriptor, 0, os.SEEK_SET)
                while piece := os.read(self._descriptor, _PIECE):
                    output.write(piece)
            before, self._descriptor = self._descriptor, self._open(folder)
        os.close(before)
        self._size = os.lseek(self._descriptor, 0, os.SEEK_END)
        self._warn(
            f"{shown(self.path)} was moved, removed or exchanged while the run was going on: it is"
            " written anew, with all that was in it"
        )

    def read_from(self, position: int) -> tuple[dict[str, GrowingCurve], int]:
        """What was recorded after ``position`` bytes, by key; and how many bytes there are now.

        Raises:
            SnapshotError: If it cannot be read, or what waits cannot be written.
        """
        self.flush()
        try:
            os.lseek(self._descriptor, position, os.SEEK_SET)
            with os.fdopen(os.dup(self._descriptor), "rb") as file:
                found = _columns_of(file)
            return found, os.lseek(self._descriptor, 0, os.SEEK_END)
        except OSError as error:
            said = error.strerror or error
            raise SnapshotError(f"{shown(self.path)}: cannot be read: {said}") from error

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
            size = self._size = os.lseek(self._descriptor, 0, os.SEEK_END)
            if size <= position:
                return size == position
            if first_iter is not None:
                self._refuse_others(position, first_iter)
            os.ftruncate(self._descriptor, position)
            self._size = position
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
        """Close it, with what waits handed to the system."""
        try:
            if self._waiting:
                self.flush()
        finally:
            with explained(self.path, ADVICE):
                os.close(self._descriptor)
