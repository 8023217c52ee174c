"""What can be packed into HDF5 files: it gives rows on demand, and need not fit in memory.

Arrays are here; tables of text are in ``data/csv``, pictures in ``data/pictures``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data.file_kind import kind
from graphnet.data.hdf5.opening import is_hdf5
from graphnet.data.regular_file import first_bytes
from graphnet.data.sets import idx
from graphnet.data.tools import npy
from graphnet.errors import DataError

#: The type and the shape of a row, by data set.
Columns: TypeAlias = Mapping[str, tuple[np.dtype, Shape]]


class Packable(Protocol):
    """Samples that can be asked for by number.

    Attributes:
        columns: The type and the shape of a row of each data set.
        n_rows: How many samples there are.
        labels: The column ``label``; nothing if there is none.
        classes: What the labels stand for, in order; empty if they are numbers anyway.
        notes: What a user should know of how it was read: names and texts.
    """

    columns: Columns
    n_rows: int
    labels: np.ndarray
    classes: Sequence[str]
    notes: Sequence[tuple[str, str]]

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """Some samples, in the order asked for."""

    def where(self, number: int) -> str:
        """The place of a sample, for messages."""


class ArrayFiles:
    """Arrays of NumPy (``.npy``) or IDX files, one for each data set.

    Args:
        files: By data set.
    """

    classes: Sequence[str] = ()
    notes: Sequence[tuple[str, str]] = ()

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = files
        self.arrays = {name: _array(path) for name, path in files.items()}
        for name, array in self.arrays.items():
            if array.dtype.kind not in "biuf" or not array.ndim or not array.size:
                raise DataError(
                    f"{files[name]} holds an array of {array.dtype}, {shape_text(array.shape)}\n"
                    "  expected numbers, the first axis counting samples"
                )
        if len({len(array) for array in self.arrays.values()}) > 1:
            counts = "\n  ".join(f"{files[n]} has {len(a)}" for n, a in self.arrays.items())
            raise DataError(f"the arrays have unequal numbers of rows:\n  {counts}")
        self.n_rows = len(next(iter(self.arrays.values())))
        self.labels = self.arrays.get("label", np.empty(0))
        self.columns: Columns = {
            name: (a.dtype.newbyteorder("="), tuple(map(int, a.shape[1:])))
            for name, a in self.arrays.items()
        }

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """Some samples."""
        return {name: array[numbers] for name, array in self.arrays.items()}

    def where(self, number: int) -> str:
        """The files, and the row in each."""
        return f"{', '.join(map(str, self.files.values()))}, row {number}"


def _array(path: Path) -> np.ndarray:
    """The array in a file: NumPy's or IDX, by its first bytes."""
    begin = first_bytes(path)
    if path.suffix == ".npy" or begin.startswith(b"\x93NUMPY"):
        return npy.read(path)
    if begin.startswith((b"\x1f\x8b", b"\0\0")):
        return idx.read(path)
    what = "is an HDF5 file, and need not be packed" if is_hdf5(path) else kind(path, begin)[0]
    raise DataError(
        f"{path} {what or 'holds no array'}\n"
        "  expected one array, as numpy.save writes it or in the IDX format, gzipped or not;\n"
        "  a table of text is packed without a name before it"
    )
