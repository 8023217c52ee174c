"""HDF5 files of samples: checked on opening, read by ranges of rows, written as one unit.

Nothing in a file is trusted: only plain numeric data sets stored in the file itself are read.
A file is open only in the thread that reads it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.errors import DataError, did_you_mean

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Of each data set that is open. HDF5 2.0 keeps 8 MiB of unpacked chunks by default, beside the
# caller's buffer; rows are read by whole chunks, so that only chunks of narrow columns are reused.
_CACHE_BYTES = 1 << 20


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

    Raises:
        DataError: If the file cannot be read, a data set is missing or not plain numbers, or
            they differ in their number of rows.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self._stamp = _stamp(path)
        self._file: h5py.File | None = None
        self._sets: list[h5py.Dataset] = []
        try:
            with _open(path) as file:
                sets = _find(file, path, names)
                rows = {name: int(d.shape[0]) for name, d in zip(names, sets, strict=True)}
                self.columns = tuple(_column(n, d) for n, d in zip(names, sets, strict=True))
        except DataError:
            raise
        except Exception as error:  # a damaged file makes HDF5 raise nearly anything
            raise _damaged(path, error) from error
        if len(set(rows.values())) > 1:
            counts = "\n  ".join(f"'{name}' has {n} rows" for name, n in rows.items())
            raise DataError(
                f"{path}: the data sets disagree on the number of samples\n  {counts}\n"
                "  every data set needs one row for each sample"
            )
        self.n_rows = rows[names[0]]

    def read(self, start: int, stop: int, outs: Sequence[np.ndarray]) -> None:
        """Read rows ``start`` to ``stop`` of each data set into its array.

        Raises:
            DataError: If that fails, or the file has changed since its header was read.
        """
        if _stamp(self.path) != self._stamp:
            self.close()
            raise DataError(
                f"{self.path} was changed while it was in use\n"
                "  stop whatever writes to it, and start again"
            )
        try:
            if self._file is None:
                self._file = _open(self.path)
                self._sets = [self._file[c.name] for c in self.columns]
            for data_set, out in zip(self._sets, outs, strict=True):
                data_set.read_direct(out, np.s_[start:stop])
        except DataError:
            raise
        except Exception as error:  # see above
            raise _damaged(self.path, error, f" (rows {start} to {stop - 1})") from error

    def where(self, row: int) -> str:
        """The place of a row, for messages."""
        return f"{self.path}, row {row}"

    def close(self) -> None:
        """Close the file; :meth:`read` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file, self._sets = None, []


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 files do."""
    try:
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


def read_array(path: Path, name: str) -> np.ndarray:
    """One small numeric data set, such as a mean.

    Raises:
        DataError: If it cannot be had.
    """
    _stamp(path)
    try:
        with _open(path) as file:
            (found,) = _find(file, path, [name])
            return np.asarray(found[()])
    except DataError:
        raise
    except Exception as error:  # see above
        raise _damaged(path, error) from error


def stored_as(path: Path) -> dict[str, str]:
    """How each data set of a file is stored: ``contiguous``, or its chunks and compression.

    Raises:
        DataError: If the file cannot be read.
    """
    _stamp(path)
    try:
        with _open(path) as file:
            return {name: _storage(file[name]) for name in _names(file)}
    except DataError:
        raise
    except Exception as error:  # see above
        raise _damaged(path, error) from error


def _storage(data_set: h5py.Dataset) -> str:
    if not data_set.chunks:
        return "contiguous"
    return " ".join(
        [f"chunks of {shape_text(data_set.chunks)}", *filter(None, [data_set.compression])]
    )


def write_file(
    path: Path, arrays: Mapping[str, np.ndarray], attributes: Mapping[str, str], chunk_rows: int
) -> None:
    """Write data sets to a new file that appears under its name only when it is complete.

    Args:
        path: Of the file; its folder is made.
        arrays: By name, the first axis counting samples.
        attributes: Of the file.
        chunk_rows: How many rows are stored together, uncompressed.

    Raises:
        DataError: If the folder cannot be written to.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(beside, "w", libver=("earliest", "v110")) as file:
            file.attrs.update(attributes)
            for name, array in arrays.items():
                rows = max(1, min(chunk_rows, len(array)))
                file.create_dataset(name, data=array, chunks=(rows, *array.shape[1:]))
        beside.replace(path)
    except (OSError, RuntimeError) as error:  # h5py raises either where a disk is full
        reason = str(error).partition("] ")[2] or str(error)
        raise DataError(
            f"cannot write {path}: {reason}\n"
            "  set GRAPHNET_DATA to a folder that can be written to and has room"
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written or another one takes its name."""
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    return status.st_size, status.st_mtime_ns, status.st_ino


def _open(path: Path) -> h5py.File:
    if not is_hdf5(path):
        size = path.stat().st_size
        raise DataError(
            f"{path} is {'empty (0 bytes)' if not size else 'not an HDF5 file'}\n"
            "  expected an HDF5 file with one data set for each top"
        )
    return h5py.File(path, "r", rdcc_nbytes=_CACHE_BYTES)


def _damaged(path: Path, error: Exception, rows: str = "") -> DataError:
    """HDF5's complaint without its own preamble."""
    text = str(error)
    if text.startswith(("Unable to", "Can't")) and "(" in text:
        text = text[text.find("(") + 1 : text.rfind(")")]
    return DataError(
        f"{path} cannot be read{rows}: {text or type(error).__name__}\n"
        "  the file may be damaged or incomplete: make or copy it again"
    )


def _names(file: h5py.File) -> list[str]:
    """The paths of the data sets stored in the file."""
    found: list[str] = []

    def visit(name: str | bytes, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(name if isinstance(name, str) else repr(name))  # bytes if not UTF-8

    file.visititems(visit)
    return found


def _find(file: h5py.File, path: Path, names: Sequence[str]) -> list[h5py.Dataset]:
    """The data sets, each checked."""
    missing = [n for n in names if not _is_stored(file, n)]
    if missing:
        there = _names(file)
        listed = ", ".join(f"'{n}'" for n in missing)
        raise DataError(
            f"{path} has no data set {listed}\n"
            f"  it has: {', '.join(there) or 'none at all'}"
            + "".join(did_you_mean(n, there) for n in missing)
            + "\n  the tops of a data layer name the data sets it reads"
        )
    for name in names:
        _check(file[name], f"{path}: data set '{name}'")
    return [file[name] for name in names]


def _is_stored(file: h5py.File, name: str) -> bool:
    """Whether a data set is in the file itself, not behind a link that leads elsewhere."""
    parts = name.split("/")
    if "" in parts:
        return False
    for depth in range(1, len(parts) + 1):
        place = "/".join(parts[:depth])
        if not isinstance(file.get(place, getlink=True), h5py.HardLink):
            return False
    return isinstance(file[name], h5py.Dataset)


def _check(data_set: h5py.Dataset, subject: str) -> None:
    if data_set.is_virtual or data_set.external:
        raise DataError(f"{subject} keeps its values in another file, which is not followed")
    if data_set.dtype.kind not in "biuf":
        raise DataError(
            f"{subject} holds {_kind(data_set.dtype)}, not numbers\n"
            "  expected integers or floating-point numbers of any size"
        )
    if not data_set.shape:
        raise DataError(f"{subject} is a single value\n  its first axis must count the samples")
    if prod(data_set.shape) == 0:
        raise DataError(f"{subject} is empty: its shape is {shape_text(data_set.shape)}")


def _kind(dtype: np.dtype) -> str:
    names = {"O": "text, references or lists", "S": "text", "V": "records", "c": "complex numbers"}
    return names.get(dtype.kind, f"values of type {dtype}")


def _column(name: str, data_set: h5py.Dataset) -> Column:
    chunk_rows = data_set.chunks[0] if data_set.chunks else 1
    dtype = data_set.dtype.newbyteorder("=")
    return Column(name, dtype, tuple(map(int, data_set.shape[1:])), int(chunk_rows))
