"""What HDF5 writes to: ``hdf5_file``, and the PatientOutput below it.

HDF5 writes late, and cannot cope with a full disk: closing the file fails, and the process dies of
it. So it never hears of an error here. The file object it writes to keeps the first error and
takes the rest into memory until HDF5 has closed it; then the error is raised and the file dropped.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py

from graphnet.files.writing import OutputFile


@contextmanager
def hdf5_file(
    output: OutputFile | io.BytesIO, **options: Any
) -> Iterator[tuple[h5py.File, PatientOutput]]:
    """A new HDF5 file, closed and looked at when the block ends.

    The block may ``look()`` in between, such as behind each array, so that a full disk is noticed
    before the rest is taken into memory.

    Args:
        output: Where its bytes go.
        options: Of ``h5py.File``.

    Yields:
        The file to be filled, and what its bytes go through.

    Raises:
        BaseException: The first one that writing to ``output`` met, such as an OSError.
    """
    patient = PatientOutput(output)
    with h5py.File(patient, "w", **options) as file:
        yield file, patient
    patient.look()


class PatientOutput(io.RawIOBase):
    """What HDF5 writes to: it takes everything, and keeps the first error for later.

    Args:
        output: Where the bytes go until an error; later ones stay in memory.
    """

    def __init__(self, output: OutputFile | io.BytesIO) -> None:
        super().__init__()
        self._output, self._at, self._end = output, 0, 0
        self._error: BaseException | None = None
        self._later: list[tuple[int, bytes]] = []  # what came after the error

    def look(self) -> None:
        """Raise the error that was kept, if there is one."""
        if self._error is not None:
            raise self._error

    def write(self, data: object) -> int:
        """Take all of it."""
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        try:
            self.look()
            self._output.seek(self._at)
            self._output.write(view)
        except BaseException as error:  # noqa: BLE001  # HDF5 must not meet an interrupt either
            self._error = error
            self._later.append((self._at, bytes(view)))
        self._at += len(view)
        self._end = max(self._end, self._at)
        return len(view)

    def readinto(self, buffer: object) -> int:
        """Give back what was written."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        found = 0
        try:
            self._output.seek(self._at)
            while found < len(view) and (n := self._output.readinto(view[found:])):
                found += n
        except BaseException as error:  # noqa: BLE001  # as above
            self._error = self._error or error
        view[found:] = bytes(len(view) - found)
        for start, data in self._later:
            begin, end = max(start, self._at), min(start + len(data), self._at + len(view))
            if begin < end:
                view[begin - self._at : end - self._at] = data[begin - start : end - start]
        self._at += len(view)
        return len(view)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go there."""
        self._at = offset + (0, self._at, self._end)[whence]
        return self._at

    def truncate(self, size: int | None = None) -> int:
        """Cut or lengthen it."""
        size = self._at if size is None else size
        self._end = size
        try:
            self.look()
            self._output.truncate(size)
        except BaseException as error:  # noqa: BLE001  # as above
            self._error = error
        return size

    def readable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True
