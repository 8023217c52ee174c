"""PairLossLayer: runs a loss of two blobs whose elements are costed one by one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Number, at_least_one
from graphnet.blob import Array, Shape, rows
from graphnet.layers.base import LossLayer, Reads, ScratchDecls, Shapes
from graphnet.layers.losses.labels import memory
from graphnet.layers.losses.mean_loss import MeanLoss
from graphnet.layers.losses.pair import check_pair, row_shape
from graphnet.layers.losses.weights import rows_counted, weights_of


class PairLoss(MeanLoss):
    """A loss loss_weight / divisor · Σ cost(a, b), with gradients to both bottoms.

    ``cost`` and ``slope`` treat elements of a block independently of each other and write with
    ``out=``; ``a`` and ``b`` stay as they are. What the layer's ``factors`` gives they are given
    behind the rest.

    Args:
        loss_weight: The factor of this loss in the objective. Default 1.
        divisor: ``batch_size`` (default: the samples), ``valid`` (the elements that count),
            ``full`` (all elements), or ``none`` (1).
    """

    loss_weight: float = 1.0
    divisor: Literal["batch_size", "valid", "full", "none"] = "batch_size"

    @property
    def loss_reduction(self) -> Literal["mean", "sum"]:
        return "sum" if self.divisor == "none" else "mean"

    @abstractmethod
    def cost(self, xp: Any, a: Array, b: Array, scratch: Array, cost: Array) -> None:
        """Write the cost of each element to ``cost``; ``scratch`` is free to use."""

    @abstractmethod
    def slope(self, xp: Any, which: int, a: Array, b: Array, scratch: Array, slope: Array) -> None:
        """Write the derivative of the cost by bottom ``which`` to ``slope``."""

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        check_pair(bottoms[:2])
        self.check_weights(bottoms, bottoms[0])
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        shape = row_shape(bottoms)
        decls = {name: ScratchDecl(shape, blob=True) for name in ("cost", "extra")}
        return decls | self.weight_scratch(bottoms)

    def backward_reads(self) -> Reads:
        return Reads(bottoms=(0, 1))

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0, 1)


class PairLossLayer(LossLayer[PairLoss]):
    """Runs any :class:`PairLoss`."""

    def setup(self) -> None:
        pair, sample = self.bottoms[:2], self.bottoms[0].shape[1:]
        a, b = (rows(blob.data) for blob in pair)
        self.weights = weights_of(self, self.bottoms[0].shape)
        scratch, self.cost = self.scratch["extra"], self.scratch["cost"]
        bind, factors = self.backend.elementwise, self.factors()
        self._scale: Number = 0.0  # loss_weight / divisor of the last batch
        self.write_cost = bind(self.spec.cost, a, b, scratch, self.cost, *factors)
        self.diffs = [rows(blob.diff) for blob in pair if blob.diff is not None]
        self.gradients: list[Callable[[], None]] = [
            bind(partial(self.gradient, which), a, b, scratch, rows(blob.diff), *factors)
            for which, blob in enumerate(pair)
            if blob.diff is not None
        ]
        self.weigh_cost: Call | None = None
        self.weigh_diffs: list[Call] = []
        if self.weights is not None:
            self.weigh_cost = self.weights.over(self.cost, sample)
            self.weigh_diffs = [self.weights.over(diff, sample) for diff in self.diffs]

    def factors(self) -> list[Array]:
        """Further arrays of the shape of ``rows(bottom)``, for ``cost`` and ``slope``."""
        return []

    def forward(self) -> None:
        if self.weights is not None:
            self.weights.read(self.context.n_valid)
        divisor = self.divisor()
        self._scale = self.spec.loss_weight / at_least_one(divisor)
        self.write_cost()
        if self.weigh_cost is not None:
            self.weigh_cost()
        if self.context.n_valid < len(self.cost):
            self.cost[self.context.n_valid :] = 0
        self.loss = self._scale * self.backend.total(memory(self.cost))
        self.add(divisor, self.loss)

    def divisor(self) -> Number:
        """What the sum of the costs is divided by."""
        n_valid = self.context.n_valid
        match self.spec.divisor:
            case "batch_size":
                return rows_counted(self.weights, n_valid)
            case "valid":
                return self.n_counted(n_valid)
            case "full":
                return rows_counted(self.weights, n_valid) * self.cost.shape[1]
            case "none":
                return 1

    def n_counted(self, n_valid: int) -> Number:
        """How many elements count."""
        if self.weights is None:
            return n_valid * self.cost.shape[1]
        return self.weights.n_counted()

    def backward(self) -> None:
        for gradient, diff in zip(self.gradients, self.diffs, strict=True):
            gradient()
            diff[self.context.n_valid :] = 0
        for weigh in self.weigh_diffs:
            weigh()

    def gradient(
        self, which: int, xp: Any, a: Array, b: Array, scratch: Array, dx: Array, *factors: Array
    ) -> None:
        """The diff of one bottom, for a block of elements."""
        self.spec.slope(xp, which, a, b, scratch, dx, *factors)
        xp.multiply(dx, self._scale, out=dx)
