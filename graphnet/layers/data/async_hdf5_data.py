"""AsyncHDF5Data: HDF5Data with a thread of its own that keeps batches ready.

A batch that is made in less time than threads take to pass it on is made in the training thread.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from graphnet.data.prefetch import Prefetcher
from graphnet.layers.base import Binding, Layer
from graphnet.layers.data.hdf5_data import HDF5Data, HDF5DataLayer


class AsyncHDF5Data(HDF5Data):
    """Samples from HDF5 files or a named data set, made ready by a thread while the net computes.

    It delivers what an HDF5Data layer of the same name and properties delivers. Small batches of a
    source in memory are made when they are asked for, which is quicker. The batches kept ready take
    memory besides ``buffer_bytes``.

    Tops:
        each: ``(batch_size, …)``, the rest as in the file and after the transformers.
    Args:
        prefetch: How many batches are kept ready, at most 64. Default 2.
    Example:
        - {name: data, type: AsyncHDF5Data, source: dataset:digits/train, batch_size: 16}
    Source:
        Mocha ``AsyncHDF5DataLayer``.
    """

    type: Literal["AsyncHDF5Data"] = "AsyncHDF5Data"  # type: ignore[assignment]
    prefetch: Annotated[int, Field(gt=0, le=64)] = 2

    def build(self, binding: Binding) -> Layer[Any]:
        return AsyncHDF5DataLayer(self, binding)


class AsyncHDF5DataLayer(HDF5DataLayer):
    """Runs :class:`AsyncHDF5Data`."""

    spec: AsyncHDF5Data
    _prefetcher: Prefetcher | None = None

    def setup(self) -> None:
        super().setup()
        if not self._batches.is_quick:
            self._prefetcher = Prefetcher(
                self._batches,
                lambda: self.backend.staging([top.data for top in self.tops]),
                self.spec.prefetch,
                f"graphnet data '{self.name}'",
            )

    def forward(self) -> None:
        if self._prefetcher is None:
            super().forward()
            return
        batch = self._prefetcher.next()
        batch.staging.deliver()
        self.count(batch.n_valid)
        self._prefetcher.release(batch)

    def seek(self, cursor: int, *, wrap: bool = True) -> None:
        if self._prefetcher is not None:
            self._prefetcher.stop()
        super().seek(cursor, wrap=wrap)

    def close(self) -> None:
        if self._prefetcher is not None:
            self._prefetcher.stop()
        else:
            super().close()
