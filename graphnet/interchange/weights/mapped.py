"""A file mapped into memory, of which any part can be looked at and none has to be."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from graphnet.blob import Shape
from graphnet.errors import SnapshotError
from graphnet.files.mapping import FileMapping, check_whole
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.interchange.weights.stored import damaged


class MappedFile:
    """The bytes of a file; they can be read as long as the object is there.

    Attributes:
        path: The file.
        size: Its length in bytes.

    Args:
        path: The file.

    Raises:
        SnapshotError: If it cannot be read, or is empty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if not path.is_file():
                what = "is a folder" if path.is_dir() else "there is no such file"
                raise SnapshotError(f"{shown(path)}: {what}\n  expected a file of weights")
            with open_regular(path, SnapshotError) as file:
                if not file.seek(0, 2):
                    raise damaged(path, "is empty (0 bytes)")
                self._bytes = memoryview(FileMapping.of(file, path, SnapshotError))
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise SnapshotError(f"{shown(path)}: cannot be read: {said}") from None
        self.size = len(self._bytes)

    def part(self, start: int, length: int, what: str) -> memoryview:
        """So many bytes from there.

        Raises:
            SnapshotError: If the file ends before, or was cut short; ``what`` is what they are.
        """
        if start < 0 or length < 0 or start + length > self.size:
            raise damaged(
                self.path,
                f"{what} ends beyond the file, which has {self.size:,} bytes",
                "the file is cut short or damaged: copy it again",
            )
        check_whole(self._bytes)
        return self._bytes[start : start + length]

    def numbers(self, start: int, dtype: str | np.dtype, shape: Shape) -> np.ndarray:
        """The numbers there, of C order, as a view of the file."""
        dtype = np.dtype(dtype)
        n_bytes = dtype.itemsize * prod(shape)
        return np.frombuffer(self.part(start, n_bytes, "an array"), dtype).reshape(shape)
