"""ContrastiveLoss: alike pairs together, unlike pairs apart."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import at_least_one
from graphnet.blob import Shape, rows, shape_text
from graphnet.declare.fields import NonNegativeFloat
from graphnet.errors import BatchError, ShapeError
from graphnet.layers.base import Arity, LossLayer, ScratchDecls, Shapes
from graphnet.layers.losses.labels import memory, number_text
from graphnet.layers.losses.mean_loss import MeanLoss
from graphnet.layers.losses.pair import check_pair, kept
from graphnet.layers.losses.weights import rows_counted, weights_of

SMALLEST = 1e-12  # distance that is divided by


class ContrastiveLoss(MeanLoss):
    """1 / (2N) · Σ [y · d² + (1 − y) · max(margin − d, 0)²], d the distance of a pair.

    A pair of one class (y = 1) is drawn together, one of two classes (y = 0) is pushed apart
    until it is ``margin`` away. Equal vectors of two classes get no gradient. It reports
    ``loss_weight`` times the loss.

    Bottoms:
        0: the vectors of one side ``(N, …)``.
        1: those of the other side, as many elements a sample.
        2: ``(N,)`` or ``(N, 1)``: 1 for pairs of one class, 0 for pairs of two.
        3: weights ``(N,)``, if not all pairs count alike; 0 leaves out.
    Args:
        loss_weight: The factor of this loss in the objective. Default 1.
        margin: The distance beyond which pairs of two classes cost nothing. Default 1.
        legacy_version: Whether they cost max(margin − d², 0) instead. Default false.
    Example:
        - {name: loss, type: ContrastiveLoss, margin: 1, bottoms: [left, right, label]}
    Source:
        Hadsell, Chopra & LeCun 2006; Caffe ``ContrastiveLoss``, which adds 1e-4 to the distance
        that its gradient is divided by.
    """

    n_bottoms: ClassVar[Arity] = Arity(3, 4)

    type: Literal["ContrastiveLoss"] = "ContrastiveLoss"
    loss_weight: float = 1.0
    margin: NonNegativeFloat = 1.0
    legacy_version: bool = False

    @property
    def n_plain(self) -> int:
        return 3

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        check_pair(bottoms[:2])
        n = bottoms[0][0]
        if bottoms[2] not in ((n,), (n, 1)):
            raise ShapeError(
                f"bottom 2 has shape {shape_text(bottoms[2])}\n  expected {n}: 1 or 0 for each pair"
            )
        self.check_weights(bottoms, (n, 1))
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        of_pairs = (bottoms[0][0], 1)
        return {
            "difference": kept(bottoms, backward=backward),
            "square": ScratchDecl(kept(bottoms, backward=backward).shape, blob=True),
            "slope": ScratchDecl(of_pairs, lifetime="pass", blob=True),
            "distance": ScratchDecl(of_pairs, blob=True),
            "cost": ScratchDecl(of_pairs, blob=True),
            "unlike": ScratchDecl(of_pairs, blob=True),
            "fits": ScratchDecl(of_pairs, "bool", blob=True),
            "flag": ScratchDecl(of_pairs, "bool", blob=True),
        } | self.weight_scratch(bottoms)

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0, 1)


class ContrastiveLossLayer(LossLayer[ContrastiveLoss]):
    """Runs :class:`ContrastiveLoss`; ``slope`` is what each pair's difference is multiplied by."""

    def setup(self) -> None:
        self.a, self.b, self.same = (rows(blob.data) for blob in self.bottoms[:3])
        self.da, self.db = (
            None if blob.diff is None else rows(blob.diff) for blob in self.bottoms[:2]
        )
        self.difference, self.square, self.slope, self.distance, self.cost, self.unlike = (
            self.scratch[name]
            for name in ("difference", "square", "slope", "distance", "cost", "unlike")
        )
        self.write_distance = self.backend.axes_sum(self.square, (1,), self.distance)
        self.largest = float(np.finfo(self.dtype).max)
        self.fits, self.flag = self.scratch["fits"], self.scratch["flag"]
        self.expectation = self.backend.expectation(self.fits, self.same, self.refuse)
        self.expectations.append(self.expectation)
        self.weights = weights_of(self, self.cost.shape)
        self.weigh: list[Call] = []
        if self.weights is not None:
            self.weigh = [self.weights.over(array, (1,)) for array in (self.slope, self.cost)]
            self.leave_out = self.weights.clearing(self.difference, self.difference.shape[1:])

    def forward(self) -> None:
        xp, n_valid, cost = self.xp, self.context.n_valid, self.cost
        if self.weights is not None:
            self.weights.read(n_valid)
        xp.greater_equal(self.same, 0, out=self.fits)
        xp.less_equal(self.same, 1, out=self.flag)
        xp.logical_and(self.fits, self.flag, out=self.fits)
        self.expectation.look()
        xp.subtract(self.a, self.b, out=self.difference)
        xp.multiply(self.difference, self.difference, out=self.square)
        self.write_distance()  # squared
        xp.minimum(self.distance, self.largest, out=self.distance)  # an infinite one times 0 is NaN
        self.write_unlike()
        # y of the squared distance and 1 − y of the other cost; and so of their slopes
        xp.subtract(1.0, self.same, out=self.unlike)
        xp.multiply(cost, self.unlike, out=cost)
        xp.multiply(self.distance, self.same, out=self.distance)
        xp.add(cost, self.distance, out=cost)
        xp.multiply(self.slope, self.unlike, out=self.slope)
        xp.add(self.slope, self.same, out=self.slope)
        count = rows_counted(self.weights, n_valid)
        scale = self.spec.loss_weight / at_least_one(count)
        xp.multiply(self.slope, scale, out=self.slope)
        self.slope[n_valid:] = 0
        if n_valid < len(cost):
            cost[n_valid:] = 0
        for weigh in self.weigh:
            weigh()
        if self.weights is not None:
            self.leave_out()
        self.loss = scale / 2 * self.backend.total(memory(cost))
        self.add(count, self.loss)

    def refuse(self, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report a label that says nothing of a pair."""
        raise BatchError(
            f"the label {number_text(value)} in row {at[0]} of the batch is out of range"
            "\n  expected 1 for pairs of one class and 0 for pairs of two",
            2,
            at[: len(self.bottoms[2].shape)],
            value,
            ago,
        )

    def write_unlike(self) -> None:
        """Cost and slope of every pair as if it were of two classes, given squared distances."""
        xp, cost, slope, margin = self.xp, self.cost, self.slope, self.spec.margin
        if self.spec.legacy_version:  # max(margin − d², 0), slope −1 where it is not 0
            xp.subtract(margin, self.distance, out=cost)
            xp.ceil(cost, out=slope)
            xp.clip(slope, 0.0, 1.0, out=slope)
            xp.negative(slope, out=slope)
            xp.clip(cost, 0.0, xp.inf, out=cost)
        else:  # max(margin − d, 0)², slope −max(margin − d, 0) / d
            xp.sqrt(self.distance, out=slope)
            xp.subtract(margin, slope, out=cost)
            xp.clip(cost, 0.0, xp.inf, out=cost)
            xp.maximum(slope, SMALLEST, out=slope)
            xp.divide(cost, slope, out=slope)
            xp.negative(slope, out=slope)
            xp.multiply(cost, cost, out=cost)

    def backward(self) -> None:
        if self.da is not None:
            self.xp.multiply(self.difference, self.slope, out=self.da)
        if self.db is not None:
            self.xp.multiply(self.difference, self.slope, out=self.db)
            self.xp.negative(self.db, out=self.db)
