"""EndlessLayer: runs a source that has no end, and so no epochs and no place to stand at."""

from __future__ import annotations

from typing import TypeVar

from graphnet.layers.base import LayerSpec
from graphnet.layers.data.data_layer import DataLayer

S = TypeVar("S", bound=LayerSpec)


class EndlessLayer(DataLayer[S]):
    """Its cursor stays 0."""

    _open = frozenset()

    def seek(self, cursor: int, *, wrap: bool = True) -> None:
        """Nothing: there is no other place."""
