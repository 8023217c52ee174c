"""Rows of HDF5 files and of NumPy's: an array for each blob."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from graphnet.blob import shape_text
from graphnet.data.hdf5.reader import HDF5File
from graphnet.data.tools import npy
from graphnet.errors import DataError, did_you_mean
from graphnet.inference.fed import FedBlob
from graphnet.inference.rows.block import Place, RowBlock

_ENDING = ".npy"
# What numbers are hardly ever packed to, and what does no harm.
_MOST_PACKED, _HARMLESS_BYTES = 1 << 6, 1 << 27


class HDF5Rows:
    """The rows of an HDF5 file with a data set for each blob.

    Args:
        path: Of the file.
        blobs: What is fed.
        name: How messages call the file.
    """

    def __init__(self, path: Path, blobs: Sequence[FedBlob], name: str) -> None:
        self.notes: list[str] = []
        self._name = name
        self._file = HDF5File(path, [blob.name for blob in blobs])
        self.n_rows: int | None = self._file.n_rows
        for blob, column in zip(blobs, self._file.columns, strict=True):
            blob.check(column.shape, name)

    def blocks(self, size: int) -> Iterator[RowBlock]:
        """All rows in order."""
        n, columns = self._file.n_rows, self._file.columns
        try:
            for first in range(0, n, size):
                stop = min(first + size, n)
                arrays = {c.name: np.empty((stop - first, *c.shape), c.dtype) for c in columns}
                self._file.read(first, stop, list(arrays.values()))
                yield RowBlock(arrays, _places(self._name, first, stop))
        finally:
            self._file.close()


class ArrayRows:
    """The rows of arrays, one for each blob.

    Args:
        arrays: By blob; they may be in files.
        blobs: What is fed.
        name: How messages call where they are from.
    """

    def __init__(self, arrays: Mapping[str, npy.Rows], blobs: Sequence[FedBlob], name: str) -> None:
        self.notes: list[str] = []
        self._arrays, self._name = arrays, name
        for blob in blobs:
            array = arrays[blob.name]
            if array.dtype.kind not in "biuf":
                raise DataError(f"{name}: does not hold an array of numbers, but of {array.dtype}")
            if not array.ndim or not array.size:
                shape = shape_text(array.shape)
                raise DataError(f"{name}: '{blob.name}' has no rows: its shape is {shape}")
            if array.shape[1:] != blob.shape and array.shape == blob.shape:
                raise DataError(
                    f"{name}: this is one row of '{blob.name}'\n  add an axis that counts the"
                    " rows: numpy.save(FILE, x[None])"
                )
            blob.check(array.shape[1:], name)
        sizes = {blob.name: len(arrays[blob.name]) for blob in blobs}
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"'{name}' has {n}" for name, n in sizes.items())
            raise DataError(f"{name}: the blobs disagree on the number of rows: {listed}")
        self.n_rows: int | None = next(iter(sizes.values()))

    def blocks(self, size: int) -> Iterator[RowBlock]:
        """All rows in order."""
        n = self.n_rows or 0
        for first in range(0, n, size):
            stop = min(first + size, n)
            arrays = {name: np.asarray(a[first:stop]) for name, a in self._arrays.items()}
            yield RowBlock(arrays, _places(self._name, first, stop))


def _places(name: str, first: int, stop: int) -> list[Place]:
    return [Place(name, f"{name}, row {row}") for row in range(first, stop)]


def read_npz(path: Path, blobs: Sequence[FedBlob], name: str, folder: Path) -> dict[str, npy.Rows]:
    """The arrays of an ``.npz`` by blob; they are unpacked to ``folder``, and take no memory.

    Where one blob is fed and the file has one array, its name does not matter.

    Raises:
        DataError: If the file cannot be read, or lacks the array of a blob.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            there = {
                member.removesuffix(_ENDING): member
                for member in archive.namelist()
                if member.endswith(_ENDING)
            }
            if len(blobs) == 1 and len(there) == 1:
                there = {blobs[0].name: next(iter(there.values()))}
            found: dict[str, npy.Rows] = {}
            for i, blob in enumerate(blobs):
                if blob.name not in there:
                    raise DataError(
                        f"{name} has no array '{blob.name}'{did_you_mean(blob.name, there)}\n"
                        f"  it has: {', '.join(there) or 'none at all'}"
                    )
                _check_claim(archive.getinfo(there[blob.name]), name)
                place = folder / f"{i}{_ENDING}"
                with archive.open(there[blob.name]) as packed, place.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
                found[blob.name] = npy.read(place)
            return found
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{name}: cannot be read: {error}\n  expected arrays, as numpy.savez writes them"
        ) from error


def _check_claim(member: zipfile.ZipInfo, name: str) -> None:
    """Refuse an array that is packed as small as only a bomb is, before the disk is filled with it.

    Raises:
        DataError: If it claims more than it may have in it.
    """
    if member.file_size > max(_HARMLESS_BYTES, member.compress_size * _MOST_PACKED):
        raise DataError(
            f"{name}: '{member.filename}' claims {member.file_size:,} bytes, packed in"
            f" {member.compress_size:,}\n  save it with numpy.savez, which packs nothing"
        )
