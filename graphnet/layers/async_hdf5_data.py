"""AsyncHDF5Data: HDF5Data with a thread of its own that keeps batches ready."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.data.prefetch import Prefetcher
from graphnet.fields import PositiveInt
from graphnet.layers.base import Binding, Layer
from graphnet.layers.batch_data import staging_array
from graphnet.layers.hdf5_data import HDF5Data, HDF5DataLayer


class AsyncHDF5Data(HDF5Data):
    """Samples from HDF5 files or a named data set, made ready by a thread while the net computes.

    Delivers exactly what HDF5Data of the same name does.

    Tops:
        each: As of HDF5Data.
    Args:
        source: As of HDF5Data.
        otherwise: As of HDF5Data.
        batch_size: Samples in a batch.
        shuffle: As of HDF5Data.
        rows: As of HDF5Data.
        shapes: As of HDF5Data.
        transformers: As of HDF5Data.
        check_finite: As of HDF5Data.
        buffer_bytes: As of HDF5Data; the batches kept ready come on top of it.
        prefetch: How many batches are kept ready. Default 2.
    Example:
        - {name: data, type: AsyncHDF5Data, source: dataset:digits/train, batch_size: 16}
    Source:
        Mocha ``AsyncHDF5DataLayer``.
    """

    type: Literal["AsyncHDF5Data"] = "AsyncHDF5Data"  # type: ignore[assignment]
    prefetch: PositiveInt = 2

    def build(self, binding: Binding) -> Layer[Any]:
        return AsyncHDF5DataLayer(self, binding)


class AsyncHDF5DataLayer(HDF5DataLayer):
    """Runs :class:`AsyncHDF5Data`."""

    spec: AsyncHDF5Data

    def setup(self) -> None:
        self.batches = batches = self.open(self.spec.open_table(), self.spec.buffer_bytes)
        self.prefetcher = Prefetcher(
            batches,
            lambda: [staging_array(top.data) for top in self.tops],
            self.spec.prefetch,
            f"graphnet data '{self.name}'",
        )

    def forward(self) -> None:
        batch = self.prefetcher.next()
        self.deliver(batch.arrays, batch.n_valid)
        self.prefetcher.release(batch)

    def seek(self, cursor: int, *, wrap: bool = True) -> None:
        self.prefetcher.stop()
        super().seek(cursor, wrap=wrap)

    def close(self) -> None:
        self.prefetcher.stop()
