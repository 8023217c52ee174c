"""ViewLayer: runs any layer whose top is its bottom's memory seen in another shape."""

from __future__ import annotations

from typing import Any

from graphnet.blob import Array, rows
from graphnet.layers.base import Layer, LayerSpec


class ViewLayer(Layer[LayerSpec]):
    """One bottom, one top that is a view of it; backward copies the diff if it is not one too."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        if x.diff is not None and not self.xp.may_share_memory(x.diff, y.diff):
            call = self.backend.elementwise(_copy, rows(y.diff), rows(x.diff))
            self.bind_passes(backward=call)

    def forward(self) -> None:
        """Nothing: the bottom's data is the top's."""


def _copy(xp: Any, dy: Array, dx: Array) -> None:
    """For a block of elements."""
    xp.copyto(dx, dy)
