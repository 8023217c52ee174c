"""Which layer of a net is the first with a value that is not finite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphnet.layers.base import Kind, Layer
from graphnet.params.param import Param


def first_bad_layer(
    layers: Iterable[Layer[Any]], params: Mapping[str, Mapping[str, Param]]
) -> str | None:
    """Run the next batch, looking at each layer's tops before their memory is reused.

    Args:
        layers: Of one net, in order.
        params: Its params by layer name.

    Returns:
        The first with a NaN or infinite param or top; None if all is finite.
    """
    for layer in layers:
        if layer.spec.kind is Kind.OUTPUT:  # nothing is written on the way
            continue
        layer.forward()
        arrays = [
            *(param.data for param in params.get(layer.name, {}).values()),
            *(top.data for top in layer.tops),
        ]
        if not all(bool(layer.xp.isfinite(array).all()) for array in arrays):
            return layer.name
    return None
