"""An array in a snapshot or model that is read when its numbers are asked for."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np

from graphnet.blob import Shape
from graphnet.errors import SnapshotError
from graphnet.files.paths import shown
from graphnet.params.filling import PART


class OpenFile:
    """A file that stays the one that was opened, whatever gets its name.

    Args:
        path: Its name, for errors.
        stream: The file; this object stays open when it is closed.
    """

    def __init__(self, path: Path, stream: io.BufferedReader) -> None:
        self._path = path
        self._descriptor = os.dup(stream.fileno())
        self._file = io.FileIO(self._descriptor, "rb", closefd=False)
        self._was, self._reading = self._looks(), Lock()

    def __del__(self) -> None:
        os.close(self._descriptor)

    def _looks(self) -> tuple[int, int]:
        found = os.fstat(self._descriptor)
        return found.st_size, found.st_mtime_ns

    def read(self, offset: int, out: memoryview) -> None:
        """Fill ``out`` with the bytes from there.

        Raises:
            SnapshotError: If the file was written to since it was opened, or cannot be read.
        """
        try:
            with self._reading:
                self._file.seek(offset)
                done = 0
                while done < len(out) and (n := self._file.readinto(out[done:])):
                    done += n  # the system may give less at a time
        except OSError as error:
            said = error.strerror or error
            raise SnapshotError(f"{shown(self._path)}: cannot be read: {said}") from None
        if done < len(out) or self._looks() != self._was:
            raise SnapshotError(
                f"{shown(self._path)}: was written to while it was read\n"
                "  write to another file, and rename it when it is whole"
            )


@dataclass(frozen=True, eq=False)
class ArrayInFile:
    """An array of floating-point numbers that lies in a file as a whole, in C order.

    Attributes:
        file: Where it is.
        offset: Of its first byte.
        shape: Its shape.
        dtype: Its numbers.
    """

    file: OpenFile
    offset: int
    shape: Shape
    dtype: np.dtype

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes it takes."""
        return self.size * self.dtype.itemsize

    def parts(self) -> Iterator[np.ndarray]:
        """Its numbers in C order, flat, a part at a time; each is overwritten by the next.

        Raises:
            SnapshotError: If the file was written to since it was opened, or cannot be read.
        """
        buffer = np.empty(min(PART, self.size), self.dtype)
        for start in range(0, self.size, PART):
            part = buffer[: min(PART, self.size - start)]
            self.file.read(self.offset + start * self.dtype.itemsize, _bytes_of(part))
            yield part

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # NumPy's
        if copy is False:
            raise ValueError("the array is in a file: it has to be read")
        found = np.empty(self.shape, self.dtype)
        self.file.read(self.offset, _bytes_of(found.reshape(-1)))
        return found if dtype is None else found.astype(dtype, copy=False)


def _bytes_of(flat: np.ndarray) -> memoryview:
    return flat.view(np.uint8).data


#: What a group of a snapshot holds.
Stored: TypeAlias = np.ndarray | ArrayInFile
