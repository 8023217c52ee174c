"""Measured: the part of a net that tells what its passes have measured, and from what.

Numbers stay on the device until somebody asks, and so do the errors of data that a pass on a
device did not stop for: whatever fetches numbers raises those first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from graphnet.backend.measures import Number
from graphnet.layers.base import Layer, LossLayer, MeasureLayer
from graphnet.layers.data.data_layer import DataLayer
from graphnet.net.graph import LayerVertex
from graphnet.net.origin import traced
from graphnet.sealed import Sealed


class Measured(Sealed):
    """What losses, statistics and checks of the data have found.

    Args:
        vertices: The layers in the graph, in order.
        layers: The running ones.
    """

    def __init__(self, vertices: Iterable[LayerVertex], layers: Iterable[Layer[Any]]) -> None:
        pairs = list(zip(vertices, layers, strict=True))
        self._measures = [layer for _, layer in pairs if isinstance(layer, MeasureLayer)]
        self._data = [(v, layer) for v, layer in pairs if isinstance(layer, DataLayer)]
        self._losses = [layer for layer in self._measures if isinstance(layer, LossLayer)]
        self._all_layers = [layer for _, layer in pairs]
        self._expectations = [(v, e) for v, layer in pairs for e in layer.expectations]

    def check_ready(self) -> None:
        """See that every data layer has something to deliver.

        Raises:
            DataError: At the layer that has not.
        """
        for vertex, layer in self._data:
            with vertex.located():
                layer.check_ready()

    def settle(self) -> None:
        """Raise what passes have noted of bad data.

        Raises:
            BatchError: With the layer and its position.
        """
        for vertex, expectation in self._expectations:
            with self.traced(vertex):
                expectation.settle()

    def traced(self, vertex: LayerVertex) -> AbstractContextManager[None]:
        """Tell of an error within where it arose, and where the value lies that it is about."""
        return traced(vertex, self._all_layers)

    def objective(self) -> Number:
        """As :meth:`loss`, but where it was computed: nobody waits for it."""
        return sum(layer.loss for layer in self._losses)

    def loss(self) -> float:
        """The objective of the last forward: the sum of its losses, without regularizers."""
        self.settle()
        return float(self.objective())

    def losses(self) -> dict[str, float]:
        """The last forward's losses by layer name."""
        self.settle()
        return {layer.name: float(layer.loss) for layer in self._losses}

    def statistics(self) -> dict[str, float]:
        """The means since the last reset, of all losses and statistics."""
        self.settle()
        return {k: v for layer in self._measures for k, v in layer.statistics().items()}

    def reset_statistics(self) -> None:
        """Start counting from zero."""
        for layer in self._measures:
            layer.reset_statistics()

    def statistics_state(self) -> dict[str, np.ndarray]:
        """The running sums by layer name, for a snapshot."""
        return {layer.name: layer.sums.read() for layer in self._measures}

    def restore_statistics_state(self, sums: Mapping[str, np.ndarray]) -> None:
        """Put the running sums back."""
        for layer in self._measures:
            if layer.name in sums:
                layer.sums.write(sums[layer.name])
