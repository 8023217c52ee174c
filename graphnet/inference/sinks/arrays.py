"""Predictions as arrays: HDF5 with a data set for each output, or ``.npy`` for one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphnet.blob import Shape
from graphnet.data.hdf5.writer import ADVICE, HDF5Writer
from graphnet.files.writing import OutputFile, explained
from graphnet.inference.predictions import BATCH, Predicted
from graphnet.inference.sinks.sink import Sink


class HDF5Sink(Sink):
    """A data set for each output, its rows in order.

    Args:
        path: Of the file, which is replaced if it is there.
        shapes: Of a row, by output.
        attributes: Of the file.
    """

    def __init__(
        self, path: Path, shapes: Mapping[str, Shape], attributes: Mapping[str, str]
    ) -> None:
        self._names = list(shapes)
        batches = [(BATCH, *shape) for shape in shapes.values()]
        self._writer = HDF5Writer(path, self._names, batches, overwrite=True, attributes=attributes)

    def write(self, predicted: Predicted) -> None:
        """Append them."""
        self._writer.append([predicted.outputs[name] for name in self._names])

    def finish(self) -> None:
        """Give the file its name."""
        self._writer.close()

    def discard(self) -> None:
        """Drop it, unless it is finished."""
        self._writer.discard()


class NpySink(Sink):
    """One array; the number of its rows is written when it is known.

    Args:
        path: Of the file, which is replaced if it is there.
        name: Of the output.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        self._file = OutputFile(path, ADVICE)
        self._n = 0
        self._row: tuple[Shape, np.dtype] | None = None

    def write(self, predicted: Predicted) -> None:
        """Append them."""
        values = np.ascontiguousarray(predicted.outputs[self._name])
        with explained(self._file.path, ADVICE):
            if self._row is None:
                self._row = values.shape[1:], values.dtype
                self._write_header()
            self._file.write(values.reshape(-1).view(np.uint8))
        self._n += len(values)

    def _write_header(self) -> None:
        """The header, which NumPy leaves room in for any number of rows."""
        if self._row is None:
            return
        shape, dtype = self._row
        said = {
            "shape": (self._n, *shape),
            "fortran_order": False,
            "descr": np.lib.format.dtype_to_descr(dtype),
        }
        np.lib.format.write_array_header_1_0(self._file, said)

    def finish(self) -> None:
        """Write the number of rows, and give the file its name."""
        with explained(self._file.path, ADVICE):
            self._file.seek(0)
            self._write_header()
        self._file.finish()

    def discard(self) -> None:
        """Drop it, unless it is finished."""
        self._file.discard()
