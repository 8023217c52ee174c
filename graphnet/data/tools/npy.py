"""NumPy's ``.npy`` files: one array, read row by row; its header is not trusted.

It is not mapped into memory: were it cut short meanwhile, the system would end the process.
"""

from __future__ import annotations

import os
import weakref
from math import prod
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from numpy.lib import format as npy_format

from graphnet.errors import DataError, GraphnetError
from graphnet.files.reading import open_regular

#: Smaller arrays are read at once.
_SMALL_BYTES = 1 << 26


class RowFile:
    """A large array in a file, of which rows are read when they are asked for.

    Attributes:
        dtype: Of its values.
        shape: With the rows.

    Args:
        path: Of the file.
        file: Opened, behind the header.
        shape: With the rows.
        dtype: Of its values.
    """

    def __init__(self, path: Path, file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.dtype, self.shape = dtype, shape
        self._path, self._file, self._begin = path, file, file.tell()
        weakref.finalize(self, file.close)
        self._row_bytes = prod(shape[1:]) * dtype.itemsize

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many values it has."""
        return prod(self.shape)

    def __len__(self) -> int:
        """How many rows it has."""
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Some rows, in the order asked for.

        Raises:
            DataError: If the file has become shorter.
        """
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._read(start, max(0, stop - start))
            rows = np.arange(start, stop, step)
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for i, row in enumerate(rows.tolist()):
            out[i] = self._read(row, 1)[0]
        return out

    def _read(self, first: int, n: int) -> np.ndarray:
        """Rows that lie together."""
        try:
            self._file.seek(self._begin + first * self._row_bytes)
            found = self._file.read(n * self._row_bytes)
        except OSError as error:
            raise DataError(f"{self._path}: cannot be read: {error.strerror}") from error
        if len(found) < n * self._row_bytes:
            raise DataError(
                f"{self._path} was cut short while it was read\n"
                "  stop whatever writes to it, and start again"
            )
        return np.frombuffer(found, self.dtype).reshape(n, *self.shape[1:])


#: An array in memory, or in a file.
Rows: TypeAlias = np.ndarray | RowFile


def read(path: Path) -> Rows:
    """The array in a file, of any type; a large one takes no memory until it is looked at.

    Raises:
        DataError: If it cannot be read, or holds objects.
    """
    try:
        return _read(path)
    except GraphnetError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged header makes NumPy raise nearly anything
        raise DataError(
            f"{path}: cannot be read: {error or type(error).__name__}\n"
            "  expected one array, as numpy.save writes it"
        ) from error


def _read(path: Path) -> Rows:
    file = open_regular(path, DataError)
    kept = False
    try:
        version = npy_format.read_magic(file)
        if version == (1, 0):
            shape, is_turned, dtype = npy_format.read_array_header_1_0(file)
        else:
            shape, is_turned, dtype = npy_format.read_array_header_2_0(file)
        n_bytes = prod(shape) * dtype.itemsize
        left = os.fstat(file.fileno()).st_size - file.tell()
        if dtype.hasobject:
            raise ValueError("it holds Python objects, which are never unpickled")
        if n_bytes > left:
            raise ValueError(f"it has {left:,} bytes of values, its header says {n_bytes:,}")
        kept = n_bytes > _SMALL_BYTES and not is_turned and bool(shape)
        if kept:
            return RowFile(path, file, shape, dtype)
        values = np.frombuffer(file.read(n_bytes), dtype, prod(shape))
        return values.reshape(shape, order="F" if is_turned else "C")
    finally:
        if not kept:
            file.close()
