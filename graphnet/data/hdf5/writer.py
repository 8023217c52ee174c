"""HDF5 files that are written as one unit, or row by row, and appear when they are complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import h5py
import numpy as np

from graphnet.blob import Shape
from graphnet.data.file_kind import SIGNATURE
from graphnet.data.hdf5.patient_output import PatientOutput, hdf5_file
from graphnet.errors import DataError
from graphnet.files.bounds import check_write
from graphnet.files.writing import Advice, OutputFile, being_written, explained

#: For files whose names a user chose.
ADVICE = Advice(DataError)
#: How much is handed to HDF5 before it is checked that the disk has taken it.
_BLOCK_BYTES = 1 << 23
_VERSIONS = ("earliest", "v110")


def write_files(
    files: Mapping[Path, Mapping[str, np.ndarray]],
    attributes: Mapping[str, str],
    chunk_rows: int,
    advice: Advice = ADVICE,
) -> None:
    """Write files of data sets, which appear under their names when all of them are complete.

    If one cannot be written, what was there before stays.

    Args:
        files: By path, the data sets by name, whose first axis counts rows; folders are made.
        attributes: Of each file.
        chunk_rows: How many rows are stored together, uncompressed.
        advice: For errors.
    """
    with ExitStack() as leaving:
        outputs = []
        for path, arrays in files.items():
            with explained(path, advice):
                path.parent.mkdir(parents=True, exist_ok=True)
            outputs.append(OutputFile(path, advice))
            leaving.callback(outputs[-1].discard)
            with explained(path, advice), _explained_by_hdf5(path):
                _fill(outputs[-1], arrays, attributes, chunk_rows)
            outputs[-1].complete()
        for output in outputs:
            output.finish()


def _fill(
    output: OutputFile,
    arrays: Mapping[str, np.ndarray],
    attributes: Mapping[str, str],
    chunk_rows: int,
) -> None:
    with hdf5_file(output, libver=_VERSIONS) as (file, patient):
        file.attrs.update(attributes)
        for name, array in arrays.items():
            rows = max(1, min(chunk_rows, len(array)))
            chunks = (rows, *array.shape[1:])
            data_set = file.create_dataset(name, array.shape, array.dtype, chunks=chunks)
            row_bytes = max(1, array.nbytes // max(1, len(array)))
            step = max(1, _BLOCK_BYTES // row_bytes // rows) * rows
            for start in range(0, len(array), step):
                data_set[start : start + step] = array[start : start + step]
                patient.look()
    _read_back(patient, {name: array.shape for name, array in arrays.items()})


@contextmanager
def _explained_by_hdf5(path: Path) -> Iterator[None]:
    """Whatever HDF5 itself refuses, such as a name, as a DataError."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError) as error:
        raise DataError(f"{path}: cannot be written: {error}") from error


def _read_back(patient: PatientOutput, expected: Mapping[str, Shape]) -> None:
    """See that what is on the disk is a file with these data sets, of these shapes."""
    with h5py.File(patient, "r") as file:
        found = {name: file[name].shape for name in expected}
    patient.look()
    if found != expected:
        raise RuntimeError("it cannot be read back")


def is_plain_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 files do, or there is nothing in it yet.

    A snapshot does not: before its HDF5 lies a header.
    """
    if not path.is_file():
        return True
    with path.open("rb") as file:
        beginning = file.read(len(SIGNATURE))
    return beginning in (SIGNATURE, b"")


class HDF5Writer:
    """Appends rows to data sets of a new file.

    Nothing is written before the first rows come. If writing fails, what was written is dropped.
    After :meth:`close` it begins anew.

    Args:
        path: Of the file; its folder is made.
        names: Of the data sets.
        batches: For each the shape of a full batch: rows are stored in chunks of that size.
        overwrite: Whether a file of this name may be replaced.
        compress: Whether chunks are compressed (gzip).
        attributes: Of the file.
    """

    def __init__(
        self,
        path: Path,
        names: Sequence[str],
        batches: Sequence[Shape],
        *,
        overwrite: bool,
        compress: bool = False,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        self.path, self.overwrite = path, overwrite
        self._compression = "gzip" if compress else None
        self._attributes = attributes or {}
        self._batches = dict(zip(names, batches, strict=True))
        self._output: OutputFile | None = None
        self._file: h5py.File | None = None
        self._own: tuple[int, int, int] | None = None

    @contextmanager
    def _or_discard(self) -> Iterator[None]:
        """Drop what was written if the block raises."""
        try:
            with explained(self.path, ADVICE), _explained_by_hdf5(self.path):
                yield
        except BaseException:
            self.discard()
            raise

    def append(self, arrays: Sequence[np.ndarray]) -> None:
        """Write the same number of rows to every data set."""
        with self._or_discard():
            file = self._file or self._begun(arrays)
            for name, array in zip(self._batches, arrays, strict=True):
                data_set = file[name]
                start = data_set.shape[0]
                data_set.resize(start + len(array), axis=0)
                data_set[start:] = array
                self._patient.look()

    def restart(self) -> None:
        """Forget the rows that were written since the file was begun."""
        if self._file is not None:
            with self._or_discard():
                for name in self._batches:
                    self._file[name].resize(0, axis=0)

    def complete(self) -> None:
        """Put on the disk what was written; all that the file then lacks is its name."""
        if self._output is None or self._file is None:
            return
        with self._or_discard():
            expected = {name: self._file[name].shape for name in self._batches}
            file, self._file = self._file, None
            file.close()
            self._patient.look()
            _read_back(self._patient, expected)
            self._output.complete()

    def close(self) -> None:
        """Give the file its name, if anything was written, and no other file is in the way."""
        self.complete()
        if self._output is not None:
            try:
                self.refuse_existing()
                self._output.finish()
                self._own = self._identity()
            finally:
                self.discard()

    def discard(self) -> None:
        """Leave nothing that could be taken for the whole, unless it is complete."""
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError, RuntimeError, ValueError):
                file.close()
        if self._output is not None:
            self._output.discard()
        self._output = None

    def refuse_existing(self) -> None:
        """See that no file is in the way, except one that this writer made or may replace."""
        if self.overwrite or not self.path.exists():
            return
        if self._identity() != self._own:
            raise DataError(
                f"{self.path} exists already"
                "\n  expected a new filename, or force_overwrite: true to replace the file"
            )

    def _identity(self) -> tuple[int, int, int]:
        """What tells the file of this name from another that takes its place on the disk."""
        found = self.path.stat()
        return found.st_dev, found.st_ino, found.st_mtime_ns

    def _begun(self, arrays: Sequence[np.ndarray]) -> h5py.File:
        """A new file with data sets for rows such as these."""
        self.refuse_existing()
        check_write(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if being_written(self.path):
            raise DataError(
                f"{self.path}: cannot be written: another layer or process is writing it\n"
                "  give each a filename of its own"
            )
        self._output = OutputFile(self.path, ADVICE)
        self._patient = PatientOutput(self._output)
        self._file = h5py.File(self._patient, "w", libver=_VERSIONS)
        self._file.attrs.update(self._attributes)
        for (name, batch), array in zip(self._batches.items(), arrays, strict=True):
            row = batch[1:]
            self._file.create_dataset(
                name,
                (0, *row),
                array.dtype,
                chunks=(max(1, batch[0]), *row),
                maxshape=(None, *row),
                compression=self._compression,
            )
        return self._file


def close_together(writers: Sequence[HDF5Writer]) -> None:
    """Give files their names when all of them are complete; if one fails, none appears."""
    for writer in writers:
        writer.complete()
    for writer in writers:
        writer.close()
