"""MeanLoss: what losses share that are means over the samples of a batch."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.layers.base import Arity, Kind, LayerSpec, Reads, exactly


class MeanLoss(LayerSpec):
    """A loss of two bottoms; its backward reads neither, unless a subclass says so."""

    kind: ClassVar[Kind] = Kind.LOSS
    n_bottoms: ClassVar[Arity] = exactly(2)
    n_tops: ClassVar[Arity] = exactly(0)

    @property
    def loss_reduction(self) -> Literal["mean", "sum"]:
        return "mean"

    def backward_reads(self) -> Reads:
        return Reads()

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0,)
