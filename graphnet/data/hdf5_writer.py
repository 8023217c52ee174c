"""HDF5 files written row by row, which appear under their name when they are complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from graphnet.blob import Shape
from graphnet.errors import DataError

#: How the file is named until it is complete; what a crash leaves behind is overwritten.
UNFINISHED = ".unfinished"


class HDF5Writer:
    """Appends rows to data sets of a new file.

    Nothing is written before the first rows come.

    Args:
        path: Of the file; its folder is made.
        names: Of the data sets.
        batches: For each the shape of a full batch: rows are stored in chunks of that size.
        overwrite: Whether a file of this name may be replaced.
        compress: Whether chunks are compressed (gzip).
        attributes: Of the file.

    Raises:
        DataError: If there is such a file and it may not.
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
        self._beside = path.with_name(path.name + UNFINISHED)
        self._batches = dict(zip(names, batches, strict=True))
        self._file: h5py.File | None = None
        self._refuse_existing()

    def append(self, arrays: Sequence[np.ndarray]) -> None:
        """Write the same number of rows to every data set.

        Raises:
            DataError: If the file cannot be written; what was written is then dropped.
        """
        try:
            file = self._file or self._create(arrays)
            for name, array in zip(self._batches, arrays, strict=True):
                data_set = file[name]
                start = data_set.shape[0]
                data_set.resize(start + len(array), axis=0)
                data_set[start:] = array
        except (OSError, RuntimeError) as error:  # h5py raises either where a disk is full
            self.discard()
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Give the file its name, if anything was written.

        Raises:
            DataError: If that fails, or there is such a file now.
        """
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            file.close()
            self._refuse_existing()
            self._beside.replace(self.path)
        except (OSError, RuntimeError) as error:
            raise self._unwritable(error) from error

    def _create(self, arrays: Sequence[np.ndarray]) -> h5py.File:
        self._refuse_existing()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = h5py.File(self._beside, "w", libver=("earliest", "v110"))
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

    def discard(self) -> None:
        """Leave nothing that could be taken for the whole, unless it is complete."""
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError, RuntimeError):
                file.close()
            self._beside.unlink(missing_ok=True)

    def _refuse_existing(self) -> None:
        if self.path.exists() and not self.overwrite:
            raise DataError(
                f"{self.path} exists already"
                "\n  expected a new filename, or force_overwrite: true to replace the file"
            )

    def _unwritable(self, error: Exception) -> DataError:
        text = str(error)
        if "already open" in text or "lock" in text:
            text = "another layer or process is writing it"
        return DataError(f"cannot write {self.path}: {text}")
