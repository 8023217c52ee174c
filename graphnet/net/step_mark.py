"""StepMark: what a pass changes besides blobs, kept before a step so that it can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.layers import is_in_table
from graphnet.layers.base import Layer, LossLayer, MeasureLayer, PassContext
from graphnet.layers.data.data_layer import DataLayer
from graphnet.net.graph import LayerVertex

#: Multiply-adds of a forward from which on the mark is a thousandth of a step's time, or less.
_ENOUGH_MACS = 1_000_000


class StepMark:
    """Where layers stood before a step: in the data, their state, sums and losses.

    Args:
        layers: The net's.
        context: Theirs.
    """

    def __init__(self, layers: Sequence[Layer[Any]], context: PassContext) -> None:
        self._context = context
        self._data = [layer for layer in layers if isinstance(layer, DataLayer)]
        self._sums = [layer.sums for layer in layers if isinstance(layer, MeasureLayer)]
        self._losses = [layer for layer in layers if isinstance(layer, LossLayer)]
        self._state = [(a, np.empty_like(a)) for layer in layers for a in layer.state.values()]
        self.set()

    def set(self) -> None:
        """Keep where they stand now."""
        self._cursors = [layer.cursor for layer in self._data]
        self._kept_sums = [sums.read() for sums in self._sums]
        self._kept_losses = [layer.loss for layer in self._losses]
        for array, kept in self._state:
            np.copyto(kept, array)

    def restore(self) -> None:
        """Stand there again; the blobs are no longer what they were."""
        self._context.first_sample = 0
        for data, cursor in zip(self._data, self._cursors, strict=True):
            data.seek(cursor, wrap=data.wrap)
        for sums, values in zip(self._sums, self._kept_sums, strict=True):
            sums.write(values)
        for layer, loss in zip(self._losses, self._kept_losses, strict=True):
            layer.loss = loss
        for array, kept in self._state:
            np.copyto(array, kept)


def is_worth_a_mark(vertices: Sequence[LayerVertex]) -> bool:
    """Whether a step is long beside the mark, or has layers that are not graphnet's own."""
    has_others = any(
        not is_in_table(vertex.spec) for vertex in vertices if vertex.of == vertex.name
    )
    return has_others or sum(vertex.macs for vertex in vertices) >= _ENOUGH_MACS
