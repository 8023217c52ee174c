"""SumLoss: whatever a net computes, as a term of its objective."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Number, at_least_one
from graphnet.blob import Shape
from graphnet.layers.base import Arity, LossLayer, ScratchDecls, Shapes
from graphnet.layers.losses.labels import memory
from graphnet.layers.losses.mean_loss import MeanLoss
from graphnet.layers.losses.weights import rows_counted, weights_of


class SumLoss(MeanLoss):
    """loss_weight / N · Σ x: the sum of each sample's elements, mean over the samples.

    With a positive weight the net learns to make it small, with a negative one to make it large.
    It reports ``loss_weight`` times the sum.

    Bottoms:
        0: ``(N, …)``.
        1: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Args:
        loss_weight: The factor in the objective, of either sign. Default 1.
    Example:
        - {name: size, type: Reduction, operation: AbsSum, bottoms: [code], tops: [size]}
        - {name: sparse, type: SumLoss, loss_weight: 0.01, bottoms: [size]}
    Source:
        Caffe's ``loss_weight`` of layers that are no losses (which is not divided by N).
    """

    n_bottoms: ClassVar[Arity] = Arity(1, 2)

    type: Literal["SumLoss"] = "SumLoss"
    loss_weight: float = 1.0

    @property
    def n_plain(self) -> int:
        return 1

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        self.check_weights(bottoms, bottoms[0])
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        decls = {"of_each": ScratchDecl(bottoms[0][:1], blob=True)}
        if self.weights_of(bottoms) is not None:
            decls["weighed"] = ScratchDecl(bottoms[0], blob=True)
        return decls | self.weight_scratch(bottoms)


class SumLossLayer(LossLayer[SumLoss]):
    """Runs :class:`SumLoss`."""

    def setup(self) -> None:
        x, self.of_each = self.bottoms[0], self.scratch["of_each"]
        self.weights = weights_of(self, x.shape)
        self.added = x.data
        self._scale: Number = 0.0  # loss_weight / N of the last batch
        self.weigh: list[Call] = []
        self.weigh_diff: Call | None = None
        if self.weights is not None:
            self.added = self.scratch["weighed"]
            copy = partial(self.xp.copyto, self.added, x.data)
            self.weigh = [copy, self.weights.over(self.added, x.shape[1:])]
            if x.diff is not None:
                self.weigh_diff = self.weights.over(x.diff, x.shape[1:])
        self.add_up: Call | None = None
        if len(x.shape) > 1:
            self.add_up = self.backend.axes_sum(self.added, range(1, len(x.shape)), self.of_each)

    def forward(self) -> None:
        n_valid = self.context.n_valid
        if self.weights is not None:
            self.weights.read(n_valid)
        count = rows_counted(self.weights, n_valid)
        for call in self.weigh:
            call()
        if self.add_up is None:
            self.xp.copyto(self.of_each, self.added)
        else:
            self.add_up()
        self.of_each[n_valid:] = 0
        self._scale = self.spec.loss_weight / at_least_one(count)
        self.loss = self._scale * self.backend.total(memory(self.of_each))
        self.add(count, self.loss)

    def backward(self) -> None:
        dx, n_valid = self.bottoms[0].diff, self.context.n_valid
        if dx is not None:
            dx[...] = self._scale
            dx[n_valid:] = 0
            if self.weigh_diff is not None:
                self.weigh_diff()
