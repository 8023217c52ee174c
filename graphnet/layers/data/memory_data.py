"""MemoryData: samples written into the YAML, or arrays given when the net is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from graphnet.blob import Shape
from graphnet.data.table import ArrayPart, Table
from graphnet.errors import DataError, did_you_mean
from graphnet.layers.data.batch_data import BatchLayer, BatchSpec


class MemoryData(BatchSpec):
    """Samples in memory.

    Without ``data`` the arrays are given from Python, as ``inputs`` when the net is loaded. They
    are referenced, not copied: writing to them feeds new values.

    Tops:
        each: ``(batch_size, …)``.
    Args:
        data: For each top its samples as nested lists.
        shapes: For each top the shape of one sample of the array given later. Default: that of
            the arrays with which the net is loaded.
    Example:
        - {name: data, type: MemoryData, batch_size: 2, tops: [x], data: {x: [[0, 1], [1, 0]]}}
    Source:
        Mocha ``MemoryDataLayer``.
    """

    type: Literal["MemoryData"] = "MemoryData"
    data: dict[str, tuple[Any, ...]] | None = None

    @model_validator(mode="after")
    def _check_data(self) -> MemoryData:
        if self.data is not None and self.shapes is not None:
            raise ValueError("'shapes' is for arrays given later, and 'data' is here: remove one")
        for top in self.data or {}:
            if top not in self.tops:
                raise ValueError(
                    f"'data' names '{top}', which is not one of the tops"
                    f"{did_you_mean(top, self.tops)}"
                )
        if self.data is not None:
            try:
                ArrayPart("'data'", self.inline(), self.tops)
            except DataError as error:
                raise ValueError(str(error)) from None
        return self

    @property
    def takes_arrays(self) -> bool:
        return True

    def shaped_for(self, arrays: Mapping[str, np.ndarray]) -> Self:
        """The spec with the shapes of the arrays it will deliver, unless it has stated them."""
        if self.data is not None or self.shapes is not None or not arrays.keys() >= set(self.tops):
            return self
        return self.model_copy(update={"shapes": {t: arrays[t].shape[1:] for t in self.tops}})

    def inline(self) -> dict[str, np.ndarray]:
        """The samples in the YAML, if any."""
        return {top: _array(top, values) for top, values in (self.data or {}).items()}

    def samples_there(self) -> int | None:
        return min(map(len, self.data.values())) if self.data else None

    def sample_shapes(self) -> Mapping[str, Shape]:
        if self.shapes is not None:
            return self.shapes
        if self.data is None:
            raise no_arrays(self.tops)
        return {top: array.shape[1:] for top, array in self.inline().items()}


def _array(top: str, values: tuple[Any, ...]) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"'data' of '{top}' must be lists of numbers, equally long at every depth")
    return array.astype(np.float64)


def no_arrays(tops: Sequence[str]) -> DataError:
    """The error that a layer has nothing to deliver."""
    arrays = ", ".join(f"'{top}': array" for top in tops)
    return DataError(
        f"it has no samples: no arrays were given for {', '.join(map(repr, tops))}\n"
        f"  in Python pass them when the net is loaded: inputs={{{arrays}}}\n"
        "  in the YAML write them as 'data', or read them from a file with HDF5Data"
    )


class MemoryDataLayer(BatchLayer[MemoryData]):
    """Runs :class:`MemoryData`."""

    def setup(self) -> None:
        super().setup()
        given = self.spec.inline() | {t: self.inputs[t] for t in self.spec.tops if t in self.inputs}
        if given:
            self.feed(given)

    def feed(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Deliver other arrays from now on, from their beginning.

        Args:
            arrays: For each top ``(n, …)`` with the net's sample shape and any n; referenced.

        Raises:
            DataError: If one is missing, or they do not fit the net or each other.
        """
        table = Table([ArrayPart("the given arrays", arrays, self.spec.tops)])
        self.open(table, buffer_bytes=0)
        self.seek(0, wrap=self.wrap)

    def forward(self) -> None:
        self.check_ready()
        super().forward()

    def check_ready(self) -> None:
        if self._batches is None:
            raise no_arrays(self.spec.tops)
