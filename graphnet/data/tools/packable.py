"""What can be packed into HDF5 files: it gives rows when asked, and need not fit in memory.

Arrays are here, tables of text in ``data/csv``, and pictures in ``data/pictures``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data.file_kind import kind
from graphnet.data.hdf5.opening import is_hdf5
from graphnet.data.recipe.stored import Recipe
from graphnet.data.regular_file import first_bytes
from graphnet.data.sets import idx
from graphnet.data.tools import npy
from graphnet.errors import DataError

#: By the name of a data set: the type and the shape of a row.
DataSets: TypeAlias = Mapping[str, tuple[np.dtype, Shape]]


class Packable(Protocol):
    """Rows that can be asked for by number.

    Attributes:
        data_sets: The data sets that can be made of it.
        n_rows: How many rows there are.
        labels: The data set ``label``; empty if there is none.
        classes: What the labels stand for, in order; empty if they are numbers to begin with.
        notes: What a user should know of how it was read: names and texts.
        recipe: How it was read, so that new rows can be read alike; None for arrays.
        column_table: What each column was taken for: name, kind, features, gaps; empty where there
            is nothing to say.
    """

    data_sets: DataSets
    n_rows: int
    labels: np.ndarray
    classes: Sequence[str]
    notes: Sequence[tuple[str, str]]

    @property
    def recipe(self) -> Recipe | None:
        """As said above; so is the next."""

    @property
    def column_table(self) -> Sequence[Sequence[str]]:
        """What each column was taken for."""

    def fit(self, numbers: np.ndarray) -> None:
        """Find what the rows need to know of the training rows, which have these numbers."""

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """Some rows of each data set, in the order asked for."""

    def where(self, number: int) -> str:
        """The place of a row, for messages."""


class ArrayFiles:
    """Arrays of NumPy (``.npy``) or IDX files, one for each data set."""

    classes: Sequence[str] = ()
    notes: Sequence[tuple[str, str]] = ()
    recipe: Recipe | None = None
    column_table: Sequence[Sequence[str]] = ()

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
        self.labels = self.arrays["label"][:] if "label" in self.arrays else np.empty(0)
        self.data_sets: DataSets = {
            name: (a.dtype.newbyteorder("="), tuple(map(int, a.shape[1:])))
            for name, a in self.arrays.items()
        }

    def fit(self, numbers: np.ndarray) -> None:
        """Nothing: rows are as they are."""

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """These rows."""
        return {name: array[numbers] for name, array in self.arrays.items()}

    def where(self, number: int) -> str:
        """The files, and the row in each."""
        return f"{', '.join(map(str, self.files.values()))}, row {number}"


def _array(path: Path) -> npy.Rows:
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
