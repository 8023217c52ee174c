"""HDF5 files of samples: checked on opening, read by ranges of rows, written as one unit.

Nothing in a file is trusted: only plain numeric data sets stored in the file itself are read.
A file is open only in the thread that reads it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.errors import DataError, did_you_mean

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# What a damaged header may claim. Every chunk takes a byte of the file at least; gzip, the usual
# compression, makes nothing smaller than a thousandth, and small claims do no harm.
_MOST_PACKED, _HARMLESS_BYTES = 1 << 12, 1 << 28
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
        with _explained(str(path)), _open(path) as file:
            sets = _find(file, path, names)
            rows = {name: int(d.shape[0]) for name, d in zip(names, sets, strict=True)}
            self.columns = tuple(_column(n, d) for n, d in zip(names, sets, strict=True))
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
        if self._file is None:
            with _explained(str(self.path)):
                self._file = _open(self.path)
                self._sets = [self._file[c.name] for c in self.columns]
        for column, data_set, out in zip(self.columns, self._sets, outs, strict=True):
            with _explained(_subject(self.path, column.name), f" (rows {start} to {stop - 1})"):
                data_set.read_direct(out, np.s_[start:stop])

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
    with _explained(_subject(path, name)), _open(path) as file:
        (found,) = _find(file, path, [name])
        return np.asarray(found[()])


def stored_as(path: Path) -> dict[str, str]:
    """How each data set of a file is stored: ``contiguous``, or its chunks and compression.

    Raises:
        DataError: If the file cannot be read.
    """
    _stamp(path)
    with _explained(str(path)), _open(path) as file:
        # a name that is not UTF-8 is only shown: no layer can ask for it
        return {n: _storage(file[n]) if n in file else "unreadable" for n in _names(file)}


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


def _subject(path: Path, name: str) -> str:
    """How a message about one data set begins."""
    return f"{path}: data set '{name}'"


@contextmanager
def _explained(subject: str, rows: str = "") -> Iterator[None]:
    """HDF5's complaint about a damaged file without its own preamble, as an error of the data."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:  # a damaged file makes HDF5 raise nearly anything
        text = str(error.args[0] if error.args else "")  # that of a KeyError comes in quotes
        if text.startswith(("Unable to", "Can't")) and "(" in text:
            text = text[text.find("(") + 1 : text.rfind(")")]
        raise DataError(
            f"{subject} cannot be read{rows}: {text or type(error).__name__}\n"
            "  the file may be damaged or incomplete: make or copy it again"
        ) from error


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
    found, missing, size = [], [], path.stat().st_size
    for name in names:
        with _explained(_subject(path, name)):
            if not _is_stored(file, name):
                missing.append(name)
                continue
            _check(file[name], _subject(path, name))
            _check_claim(file[name], _subject(path, name), size)
            found.append(file[name])
    if missing:
        there = _names(file)
        listed = ", ".join(f"'{n}'" for n in missing)
        raise DataError(
            f"{path} has no data set {listed}\n"
            f"  it has: {', '.join(there) or 'none at all'}"
            + "".join(did_you_mean(n, there) for n in missing)
            + "\n  the tops of a data layer name the data sets it reads"
        )
    return found


def _is_stored(file: h5py.File, name: str) -> bool:
    """Whether a data set is in the file itself, not behind a link that leads elsewhere."""
    place: Any = file
    for part in name.split("/"):
        is_group = isinstance(place, h5py.Group)
        if not (is_group and part and isinstance(place.get(part, getlink=True), h5py.HardLink)):
            return False
        place = place[part]
    return isinstance(place, h5py.Dataset)


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


def _check_claim(data_set: h5py.Dataset, subject: str, file_bytes: int) -> None:
    """Refuse a shape that a file of this size cannot hold, before memory is taken for it."""
    chunks = data_set.chunks or data_set.shape
    n_chunks = prod(-(-n // c) for n, c in zip(data_set.shape, chunks, strict=True))
    n_bytes = max(prod(data_set.shape), prod(chunks)) * data_set.dtype.itemsize
    if n_chunks > file_bytes or n_bytes > max(_HARMLESS_BYTES, file_bytes * _MOST_PACKED):
        stored = f", stored by {shape_text(chunks)}," if data_set.chunks else ""
        raise DataError(
            f"{subject} claims to be {shape_text(data_set.shape)}{stored} in a file of "
            f"{file_bytes} bytes\n"
            "  the file is damaged, or most of its rows were never written"
        )


def _kind(dtype: np.dtype) -> str:
    names = {"O": "text, references or lists", "S": "text", "V": "records", "c": "complex numbers"}
    return names.get(dtype.kind, f"values of type {dtype}")


def _column(name: str, data_set: h5py.Dataset) -> Column:
    chunk_rows = data_set.chunks[0] if data_set.chunks else 1
    dtype = data_set.dtype.newbyteorder("=")
    return Column(name, dtype, tuple(map(int, data_set.shape[1:])), int(chunk_rows))
