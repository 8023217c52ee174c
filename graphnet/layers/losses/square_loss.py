"""SquareLoss: half the mean squared distance of two blobs."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.backend.base import Backend
from graphnet.backend.measures import Number, at_least_one
from graphnet.blob import Array, Shape, rows
from graphnet.layers.base import LossLayer, ScratchDecls, Shapes
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.labels import memory
from graphnet.layers.losses.mean_loss import MeanLoss
from graphnet.layers.losses.pair import check_pair, kept
from graphnet.layers.losses.weights import rows_counted, weights_of


class SquareLoss(MeanLoss):
    """1 / (2N) · Σ (a − b)²: half the squared distance, summed over a sample, mean over them.

    Nothing is broadcast: a sample of both has as many elements, in the same order. It
    reports ``loss_weight`` times the loss.

    Bottoms:
        0: ``(N, …)``, the prediction.
        1: ``(N, …)``, the target; as many elements a sample. It may take a gradient too.
        2: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Args:
        loss_weight: The factor of this loss in the objective. Default 1.
    Example:
        - {name: loss, type: SquareLoss, bottoms: [out, target]}
    Source:
        Mocha ``SquareLossLayer`` (whose target takes a gradient only if the prediction does),
        Caffe ``EuclideanLoss``.
    """

    type: Literal["SquareLoss"] = "SquareLoss"
    loss_weight: float = 1.0

    @property
    def judges(self) -> Judgement:
        return Judgement("numbers")

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        check_pair(bottoms[:2])
        self.check_weights(bottoms, bottoms[0])
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        decls = {"difference": kept(bottoms, backward=backward)}
        if self.weights_of(bottoms) is not None:
            decls["weighed"] = kept(bottoms, backward=backward)
        return decls | self.weight_scratch(bottoms)

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0, 1)


class SquareLossLayer(LossLayer[SquareLoss]):
    """Runs :class:`SquareLoss`."""

    def setup(self) -> None:
        a, b = self.bottoms[:2]
        self.difference = self.scratch["difference"]
        self.weights = weights_of(self, a.shape)
        self.weighed = self.scratch.get("weighed", self.difference)
        self.flat, self.flat_weighed = memory(self.difference), memory(self.weighed)
        if self.weights is not None:
            self.weigh = self.weights.over(self.weighed, a.shape[1:])
            self.leave_out = self.weights.clearing(self.difference, a.shape[1:])
        self._scale: Number = 0.0  # loss_weight / N of the last batch
        bind = self.backend.elementwise
        self.subtract = bind(_subtract, rows(a.data), rows(b.data), self.difference)
        self.gradients = [
            bind(self.multiply(sign), self.weighed, rows(blob.diff))
            for sign, blob in ((1.0, a), (-1.0, b))
            if blob.diff is not None
        ]

    def forward(self) -> None:
        n_valid = self.context.n_valid
        if self.weights is not None:
            self.weights.read(n_valid)
        count = rows_counted(self.weights, n_valid)
        self._scale = self.spec.loss_weight / at_least_one(count)
        self.subtract()
        if n_valid < len(self.difference):
            self.difference[n_valid:] = 0
        if self.weights is not None:
            self.leave_out()
            self.xp.copyto(self.weighed, self.difference)
            self.weigh()
        self.loss = self._scale / 2 * self.backend.product_total(self.flat, self.flat_weighed)
        self.add(count, self.loss)

    def backward(self) -> None:
        for gradient in self.gradients:
            gradient()

    def multiply(self, sign: float) -> Any:
        """The gradient of one bottom, for a block of elements."""

        def multiply(xp: Any, difference: Array, dx: Array) -> None:
            xp.multiply(difference, sign * self._scale, out=dx)

        return multiply


def _subtract(xp: Any, a: Array, b: Array, difference: Array) -> None:
    xp.subtract(a, b, out=difference)
