"""HDF5 files of samples: checked on opening, read by ranges of rows.

Nothing in a file is trusted: only plain numeric data sets stored in the file itself are read.
A file is open only in the thread that reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.data_sets import (
    check_together,
    find,
    is_matlab,
    names_in,
    refuse_stand_ins,
    stand_ins,
)
from graphnet.data.hdf5.opening import explained, open_file, subject
from graphnet.data.regular_file import stamp
from graphnet.errors import DataError

#: The attribute of a file with the names of its classes, as a list in JSON.
CLASSES = "classes"
_MOST_TEXT = 1 << 22  # of an attribute that is carried along
#: The attribute that says what the rows were made from: see ``graphnet/data/recipe``.
RECIPE = "recipe"
#: What is said of a file that MATLAB wrote.
MATLAB_AXES = "\n  MATLAB's axes are in reverse order here: let the samples be the last axis there"


@dataclass(frozen=True)
class Column:
    """What the rows of one data set are like.

    Attributes:
        name: Of the data set, and of the top it feeds.
        dtype: On disk, in the machine's byte order.
        shape: Of a row.
        chunk_rows: How many rows are stored, and therefore read, together; 1 if any number.
    """

    name: str
    dtype: np.dtype
    shape: Shape
    chunk_rows: int = 1

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return prod(self.shape) * self.dtype.itemsize


class HDF5File:
    """Some data sets of one file, all with the same number of rows.

    Args:
        path: Of the file; its header is read at once and the file closed again.
        names: Of the data sets.
        keep_missing: Whether numbers that stand for missing values are read as they are.

    Attributes:
        stand_ins: These numbers, for each data set.

    Raises:
        DataError: If the file cannot be read, a data set is missing or not plain numbers, or
            they differ in their number of rows.
    """

    def __init__(self, path: Path, names: Sequence[str], *, keep_missing: bool = False) -> None:
        self.path, self._keep_missing = path, keep_missing
        self._stamp = stamp(path)
        self._file: h5py.File | None = None
        self._sets: list[h5py.Dataset] = []
        with explained(str(path)), open_file(path) as file:
            sets = find(file, path, names)
            rows = {name: int(d.shape[0]) for name, d in zip(names, sets, strict=True)}
            self.columns = tuple(_column(n, d) for n, d in zip(names, sets, strict=True))
            self.stand_ins = [stand_ins(data_set) for data_set in sets]
            matlab = is_matlab(sets)
        if len(set(rows.values())) > 1:
            counts = "\n  ".join(f"'{name}' has {n} rows" for name, n in rows.items())
            raise DataError(
                f"{path}: the data sets disagree on the number of samples\n  {counts}\n"
                "  every data set needs one row for each sample" + MATLAB_AXES * matlab
            )
        self.n_rows = rows[names[0]]

    def read(self, start: int, stop: int, outs: Sequence[np.ndarray]) -> None:
        """Read rows ``start`` to ``stop`` of each data set into its array.

        Raises:
            DataError: If that fails, or the file has changed since its header was read.
        """
        if stamp(self.path) != self._stamp:
            self.close()
            raise DataError(
                f"{self.path} was changed while it was in use\n"
                "  stop whatever writes to it, and start again"
            )
        if self._file is None:
            with explained(str(self.path)):
                self._file = open_file(self.path)
                self._sets = [self._file[c.name] for c in self.columns]
        columns = zip(self.columns, self._sets, self.stand_ins, outs, strict=True)
        for column, data_set, numbers, out in columns:
            with explained(subject(self.path, column.name), f" (rows {start} to {stop - 1})"):
                data_set.read_direct(out, np.s_[start:stop])
            if numbers.size and not self._keep_missing:
                refuse_stand_ins(out, numbers, column.name, lambda row: self.where(start + row))

    def where(self, row: int) -> str:
        """The place of a row, for messages."""
        return f"{self.path}, row {row}"

    def close(self) -> None:
        """Close the file; :meth:`read` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file, self._sets = None, []


def read_array(path: Path, name: str) -> np.ndarray:
    """One small numeric data set, such as a mean."""
    with explained(subject(path, name)), open_file(path) as file:
        (found,) = find(file, path, [name])
        check_together(int(found.nbytes), path, stamp(path)[0])
        values = np.asarray(found[()])
        refuse_stand_ins(values, stand_ins(found), name, lambda row: f"{path}, row {row}")
        return values


@dataclass(frozen=True)
class FileContents:
    """What the headers of a file say.

    Attributes:
        storage: How each data set is stored: ``contiguous``, or its chunks and compression.
        title: As ``graphnet data NAME`` writes it.
        class_names: What the labels stand for, as ``graphnet data pack`` writes it.
        is_from_matlab: Whether MATLAB wrote the file, whose axes are in reverse order.
        recipe: What the rows were made from, as ``graphnet data pack`` writes it; None if the file
            does not say.
    """

    storage: Mapping[str, str] = field(default_factory=dict)
    title: Any = None
    class_names: tuple[str, ...] = ()
    is_from_matlab: bool = False
    recipe: str | None = None


def contents(path: Path) -> FileContents:
    """What is in a file."""
    with explained(str(path)), open_file(path) as file:
        # a name that is not UTF-8 is only shown: no layer can ask for it
        found = {name: file.get(name) for name in names_in(file)}
        storage = {
            n: _storage(data_set) if data_set else "unreadable" for n, data_set in found.items()
        }
        names = _class_names(file.attrs.get(CLASSES, "[]"))
        recipe = file.attrs.get(RECIPE)
        return FileContents(
            storage,
            file.attrs.get("title"),
            names,
            is_matlab(filter(None, found.values())),
            recipe if isinstance(recipe, str) else None,
        )


def text_attributes(path: Path) -> dict[str, str]:
    """The texts that are attributes of a file as a whole, by their names."""
    with explained(str(path)), open_file(path) as file:
        items = list(file.attrs.items())
    return {n: text for n, text in items if isinstance(text, str) and len(text) <= _MOST_TEXT}


def contents_if_hdf5(path: Path) -> FileContents:
    """The same; nothing where it is no HDF5 file, or cannot be read."""
    try:
        return contents(path)
    except DataError:
        return FileContents()


def _class_names(text: Any) -> tuple[str, ...]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return ()
    is_names = isinstance(found, list) and all(isinstance(name, str) for name in found)
    return tuple(found) if is_names else ()


def _storage(data_set: h5py.Dataset) -> str:
    if not data_set.chunks:
        return "contiguous"
    return " ".join(
        [f"chunks of {shape_text(data_set.chunks)}", *filter(None, [data_set.compression])]
    )


def _column(name: str, data_set: h5py.Dataset) -> Column:
    chunk_rows = data_set.chunks[0] if data_set.chunks else 1
    dtype = data_set.dtype.newbyteorder("=")
    return Column(name, dtype, tuple(map(int, data_set.shape[1:])), int(chunk_rows))
