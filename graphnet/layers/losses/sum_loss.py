"""SumLoss: whatever a net computes, as a term of its objective."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.blob import Shape
from graphnet.layers.base import Arity, LossLayer, ScratchDecls, Shapes, exactly
from graphnet.layers.losses.labels import memory
from graphnet.layers.losses.mean_loss import MeanLoss


class SumLoss(MeanLoss):
    """loss_weight / N · Σ x: the sum of each sample's elements, mean over the samples.

    With a positive weight the net learns to make it small, with a negative one to make it large.
    It reports ``loss_weight`` times the sum.

    Bottoms:
        0: ``(N, …)``.
    Args:
        loss_weight: The factor in the objective, of either sign. Default 1.
    Example:
        - {name: size, type: Reduction, operation: AbsSum, bottoms: [code], tops: [size]}
        - {name: sparse, type: SumLoss, loss_weight: 0.01, bottoms: [size]}
    Source:
        Caffe's ``loss_weight`` of layers that are no losses (which is not divided by N).
    """

    n_bottoms: ClassVar[Arity] = exactly(1)

    type: Literal["SumLoss"] = "SumLoss"
    loss_weight: float = 1.0

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return {"of_each": ScratchDecl(bottoms[0][:1], blob=True)}


class SumLossLayer(LossLayer[SumLoss]):
    """Runs :class:`SumLoss`."""

    def setup(self) -> None:
        (x,), self.of_each = self.bottoms, self.scratch["of_each"]
        self.add_up: Call | None = None
        if len(x.shape) > 1:
            self.add_up = self.backend.axes_sum(x.data, range(1, len(x.shape)), self.of_each)

    def forward(self) -> None:
        n_valid = self.context.n_valid
        if self.add_up is None:
            self.xp.copyto(self.of_each, self.bottoms[0].data)
        else:
            self.add_up()
        self.of_each[n_valid:] = 0
        scale = self.spec.loss_weight / max(n_valid, 1)
        self.loss = scale * self.backend.total(memory(self.of_each))
        self.add(n_valid, self.loss)

    def backward(self) -> None:
        dx, n_valid = self.bottoms[0].diff, self.context.n_valid
        if dx is not None:
            dx.fill(self.spec.loss_weight / max(n_valid, 1))
            dx[n_valid:] = 0
