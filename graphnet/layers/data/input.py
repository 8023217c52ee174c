"""Input: blobs that the caller fills."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from graphnet.blob import Shape
from graphnet.declare.fields import NonNegativeInt, PositiveInt
from graphnet.layers.base import Shapes
from graphnet.layers.data.data_layer import DataSpec
from graphnet.layers.data.endless import EndlessLayer


class Input(DataSpec):
    """Blobs that the caller fills: ``net.blobs["data"].data[...] = x`` before ``forward``.

    ``net.predict`` is built on it.

    Tops:
        each: ``(batch_size, *shapes[top])``.
    Args:
        batch_size: Rows of every top.
        shapes: The shape of each top, without the batch axis.
    Example:
        - {name: input, type: Input, batch_size: 8, shapes: {data: [1, 28, 28]}, tops: [data]}
    Source:
        Caffe ``Input``.
    """

    type: Literal["Input"] = "Input"
    batch_size: PositiveInt
    shapes: dict[str, tuple[NonNegativeInt, ...]]

    @model_validator(mode="after")
    def _check(self) -> Input:
        missing = [top for top in self.tops if top not in self.shapes]
        if missing:
            raise ValueError(f"'shapes' says nothing of the tops {', '.join(missing)}")
        return self

    @property
    def is_filled_by_caller(self) -> bool:
        return True

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [(self.batch_size, *self.shapes[top]) for top in self.tops]


class InputLayer(EndlessLayer[Input]):
    """Runs :class:`Input`."""

    def setup(self) -> None:
        for top in self.tops:  # what nobody fills is 0
            top.data.fill(0)

    def forward(self) -> None:
        """Nothing: the caller has filled the tops."""
