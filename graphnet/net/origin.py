"""Where a value that a layer refuses comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from graphnet.errors import BatchError, GraphnetError
from graphnet.layers.base import Layer
from graphnet.layers.data.data_layer import DataLayer
from graphnet.net.graph import LayerVertex


@contextmanager
def traced(vertex: LayerVertex, layers: Sequence[Layer[Any]]) -> Iterator[None]:
    """Give an error of a layer its position, and that of the stored value it is about.

    Args:
        vertex: The layer in the graph.
        layers: The running ones of its net, in order.
    """
    with vertex.located():
        try:
            yield
        except BatchError as error:
            origin = _origin(error, vertex, layers)
            if origin is not None:
                error.add(f"it is {origin}")
            raise


def _origin(error: BatchError, vertex: LayerVertex, layers: Sequence[Layer[Any]]) -> str | None:
    """The stored value, where it has come as it is from a data layer that knows it."""
    blob, place = vertex.bottoms[error.bottom], error.place
    while blob.producer.spec.views:  # the same elements in the same order, in another shape
        (source,) = blob.producer.bottoms
        element = np.ravel_multi_index(place, blob.shape)
        place = tuple(map(int, np.unravel_index(element, source.shape)))
        blob = source
    maker = blob.producer
    layer = layers[maker.index]
    if not isinstance(layer, DataLayer) or layer.tops[0].shape[0] <= place[0]:
        return None
    with suppress(GraphnetError, IndexError, TypeError):  # its data may have changed meanwhile
        return layer.where(maker.tops.index(blob), place, error.value, error.ago)
    return None
