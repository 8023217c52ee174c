"""OutputSpec: what all layers that hand blobs out have in common."""

from __future__ import annotations

from typing import ClassVar

from graphnet.blob import Shape
from graphnet.layers.base import Arity, Kind, LayerSpec, Reads, Shapes, at_least, exactly


class OutputSpec(LayerSpec):
    """A layer that reads blobs and gives the net nothing back, no gradient either."""

    kind: ClassVar[Kind] = Kind.OUTPUT
    n_bottoms: ClassVar[Arity] = at_least(1)
    n_tops: ClassVar[Arity] = exactly(0)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return []

    def backward_reads(self) -> Reads:
        return Reads()
