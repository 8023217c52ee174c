"""MemoryData: samples written into the YAML, or arrays given when the net is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from graphnet.blob import Shape
from graphnet.data.table import ArrayPart, Table
from graphnet.errors import DataError, did_you_mean
from graphnet.layers.base import Binding, Layer
from graphnet.layers.batch_data import BatchLayer, BatchSpec


class MemoryData(BatchSpec):
    """Samples in memory.

    Either ``data`` or ``shapes`` is needed. Arrays given as ``inputs`` when the net is loaded are
    referenced, not copied: writing to them feeds new values.

    Tops:
        each: ``(batch_size, …)``.
    Args:
        data: For each top its samples as nested lists.
        shapes: For each top the shape of one sample of the array given later.
        batch_size: Samples in a batch.
        shuffle: Deliver every epoch in an order of its own. Default false.
        transformers: As of HDF5Data.
        check_finite: Refuse NaN and infinite values. Default true.
    Example:
        - {name: data, type: MemoryData, batch_size: 2, tops: [x], data: {x: [[0, 1], [1, 0]]}}
    Source:
        Mocha ``MemoryDataLayer``.
    """

    type: Literal["MemoryData"] = "MemoryData"
    data: dict[str, tuple[Any, ...]] | None = None

    @model_validator(mode="after")
    def _check_data(self) -> MemoryData:
        if (self.data is None) == (self.shapes is None):
            raise ValueError("either 'data' or 'shapes' is needed, not both")
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

    def inline(self) -> dict[str, np.ndarray]:
        """The samples in the YAML, if any."""
        return {top: _array(top, values) for top, values in (self.data or {}).items()}

    def sample_shapes(self) -> Mapping[str, Shape]:
        if self.shapes is not None:
            return self.shapes
        return {top: array.shape[1:] for top, array in self.inline().items()}

    def build(self, binding: Binding) -> Layer[Any]:
        return MemoryDataLayer(self, binding)


def _array(top: str, values: tuple[Any, ...]) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"'data' of '{top}' must be lists of numbers, equally long at every depth")
    return array.astype(np.float64)


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
        if self.batches is None:
            tops = ", ".join(f"'{top}'" for top in self.spec.tops)
            raise DataError(
                f"no arrays were given for {tops}\n"
                '  pass them when the net is loaded: inputs={"' + self.spec.tops[0] + '": array}'
            )
        super().forward()
