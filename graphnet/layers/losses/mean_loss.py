"""MeanLoss: what all losses that are means over the samples of a batch have in common."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.layers.base import Arity, Kind, Reads, exactly
from graphnet.layers.losses.weights import Weighed


class MeanLoss(Weighed):
    """A loss of two bottoms and perhaps weights; backward reads none, unless a subclass says so."""

    kind: ClassVar[Kind] = Kind.LOSS
    n_bottoms: ClassVar[Arity] = Arity(2, 3)
    n_tops: ClassVar[Arity] = exactly(0)

    @property
    def loss_reduction(self) -> Literal["mean", "sum"]:
        return "mean"

    def backward_reads(self) -> Reads:
        return Reads()

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0,)
