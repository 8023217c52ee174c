"""Silence: a reader of blobs that nobody else reads."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.blob import Shape
from graphnet.layers.base import (
    Arity,
    Binding,
    Kind,
    Layer,
    LayerSpec,
    Reads,
    Shapes,
    at_least,
    exactly,
)


class Silence(LayerSpec):
    """Read blobs and do nothing with them, so that they are no outputs of the net.

    No gradient flows back.

    Bottoms:
        each: ``(N, …)``.
    Example:
        - {name: unused, type: Silence, bottoms: [label]}
    Source:
        Caffe ``Silence``.
    """

    kind: ClassVar[Kind] = Kind.OUTPUT
    n_bottoms: ClassVar[Arity] = at_least(1)
    n_tops: ClassVar[Arity] = exactly(0)

    type: Literal["Silence"] = "Silence"

    @property
    def hands_out(self) -> bool:
        return False

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return []

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> SilenceLayer:
        return SilenceLayer(self, binding)


class SilenceLayer(Layer[Silence]):
    """Runs :class:`Silence`."""

    def forward(self) -> None:
        """Nothing."""
