"""Files mapped into memory: what has been read need not stay, and what is gone is not looked at."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from graphnet.errors import GraphnetError
from graphnet.files.paths import shown

_PAGE = mmap.PAGESIZE


class FileMapping(mmap.mmap):
    """A file, mapped to be read.

    Where somebody cuts a file short, what was mapped beyond its new end has gone: to look there
    ends the process, without a word. So whoever looks asks before: see :func:`check_whole`.
    """

    _path: Path
    _error: type[GraphnetError]

    @classmethod
    def of(cls, file: BinaryIO, path: Path, error: type[GraphnetError]) -> Self:
        """Map an opened file.

        Args:
            file: It may be closed afterwards.
            path: Its path, for messages.
            error: The type of the error of :meth:`check`.

        Raises:
            ValueError: If it is empty.
            OSError: If it cannot be mapped.
        """
        made = cls(file.fileno(), 0, access=mmap.ACCESS_READ)
        made._path, made._error = path, error  # its own
        return made

    def check(self) -> None:
        """See that the file is as long as it was when it was mapped.

        Raises:
            GraphnetError: If it has been cut short.
        """
        if (size := self.size()) < len(self):
            raise self._error(
                f"{shown(self._path)}: was cut short while it was read, from {len(self):,} to"
                f" {size:,} bytes\n  write it anew under another name, rename that, and try again"
            )


def check_whole(array: np.ndarray | memoryview) -> None:
    """See that the mapped file in which values lie is as long as it was; elsewhere nothing.

    It takes a microsecond, and is for a part that is read at once afterwards.

    Args:
        array: Values, or bytes.

    Raises:
        GraphnetError: If it has been cut short.
    """
    mapped = _mapping_of(array)
    if isinstance(mapped, FileMapping):
        mapped.check()


def let_go(array: np.ndarray) -> None:
    """Give back the memory of a mapped file that an array lies in.

    Nothing is lost: what is read again is fetched again. Of an array that lies elsewhere, or where
    the system knows no such advice, nothing is done.

    Args:
        array: Of C order, or a part of one.
    """
    mapped = _mapping_of(array)
    if mapped is None or not hasattr(mmap, "MADV_DONTNEED") or not array.size:
        return
    begin = np.frombuffer(mapped, np.uint8).ctypes.data
    start = array.ctypes.data - begin
    first = -(-start // _PAGE) * _PAGE  # pages that others lie in, too, stay
    last = (start + array.nbytes) // _PAGE * _PAGE
    if last > first:
        mapped.madvise(mmap.MADV_DONTNEED, first, last - first)


def _mapping_of(array: np.ndarray | memoryview) -> mmap.mmap | None:
    """The read-only mapping that an array is a view of; None if it is of none."""
    owner: object = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    # of one that is written to, what is let go would be lost
    is_safe = isinstance(owner, mmap.mmap) and memoryview(owner).readonly
    return owner if is_safe and isinstance(owner, mmap.mmap) else None
