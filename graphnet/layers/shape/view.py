"""ViewLayer: runs any layer whose top is its bottom's memory seen in another shape."""

from __future__ import annotations

from graphnet.backend.calls import assign
from graphnet.blob import rows
from graphnet.layers.base import Layer, LayerSpec


class ViewLayer(Layer[LayerSpec]):
    """One bottom, one top that is a view of it; backward copies the diff if it is not one too."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        if x.diff is not None and not self.xp.may_share_memory(x.diff, y.diff):
            call = self.backend.elementwise(assign, rows(x.diff), rows(y.diff))
            self.bind_passes(backward=call)

    def forward(self) -> None:
        """Nothing: the bottom's data is the top's."""
