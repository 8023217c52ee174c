"""PairLossLayer: runs a loss of two blobs whose elements are costed one by one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.measures import Number, at_least_one
from graphnet.blob import Array, Shape, rows
from graphnet.layers.base import LossLayer, Reads, ScratchDecls, Shapes
from graphnet.layers.losses.labels import memory
from graphnet.layers.losses.mean_loss import MeanLoss
from graphnet.layers.losses.pair import check_pair, row_shape


class PairLoss(MeanLoss):
    """A loss loss_weight / N · Σ cost(a, b), with gradients to both bottoms.

    ``cost`` and ``slope`` treat elements of a block independently of each other and write with
    ``out=``; ``a`` and ``b`` stay as they are.
    """

    loss_weight: float = 1.0

    @abstractmethod
    def cost(self, xp: Any, a: Array, b: Array, scratch: Array, cost: Array) -> None:
        """Write the cost of each element to ``cost``; ``scratch`` is free to use."""

    @abstractmethod
    def slope(self, xp: Any, which: int, a: Array, b: Array, scratch: Array, slope: Array) -> None:
        """Write the derivative of the cost by bottom ``which`` to ``slope``."""

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        check_pair(bottoms)
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        shape = row_shape(bottoms)
        return {name: ScratchDecl(shape, blob=True) for name in ("cost", "extra")}

    def backward_reads(self) -> Reads:
        return Reads(bottoms=(0, 1))

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0, 1)


class PairLossLayer(LossLayer[PairLoss]):
    """Runs any :class:`PairLoss`."""

    def setup(self) -> None:
        a, b = (rows(blob.data) for blob in self.bottoms)
        scratch, self.cost = self.scratch["extra"], self.scratch["cost"]
        bind = self.backend.elementwise
        self._scale: Number = 0.0  # loss_weight / divisor of the last batch
        self.write_cost = bind(self.spec.cost, a, b, scratch, self.cost)
        self.diffs = [rows(blob.diff) for blob in self.bottoms if blob.diff is not None]
        self.gradients: list[Callable[[], None]] = [
            bind(partial(self.gradient, which), a, b, scratch, rows(blob.diff))
            for which, blob in enumerate(self.bottoms)
            if blob.diff is not None
        ]

    def forward(self) -> None:
        divisor = self.divisor()
        self._scale = self.spec.loss_weight / at_least_one(divisor)
        self.write_cost()
        if self.context.n_valid < len(self.cost):
            self.cost[self.context.n_valid :] = 0
        self.loss = self._scale * self.backend.total(memory(self.cost))
        self.add(divisor, self.loss)

    def divisor(self) -> Number:
        """What the sum of the costs is divided by."""
        return self.context.n_valid

    def backward(self) -> None:
        for gradient, diff in zip(self.gradients, self.diffs, strict=True):
            gradient()
            diff[self.context.n_valid :] = 0

    def gradient(self, which: int, xp: Any, a: Array, b: Array, scratch: Array, dx: Array) -> None:
        """The diff of one bottom, for a block of elements."""
        self.spec.slope(xp, which, a, b, scratch, dx)
        xp.multiply(dx, self._scale, out=dx)
