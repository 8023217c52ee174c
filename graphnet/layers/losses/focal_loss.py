"""FocalLoss: a cross-entropy that cares most for what is still wrong."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array
from graphnet.declare.fields import NonNegativeFloat
from graphnet.layers.base import ScratchDecls, Shapes
from graphnet.layers.losses.label_loss import LabelLossLayer, LabelLossSpec
from graphnet.layers.losses.labels import memory
from graphnet.layers.number_traits import Normaliser


class FocalLoss(LabelLossSpec):
    """The mean of −(1 − p)^gamma · log p over the positions, with p = softmax(x)[label].

    What is right already, with p near 1, counts little. With ``gamma: 0`` it is SoftmaxLoss; the
    paper's α are the ``weights`` of the classes. The loss and the number it reports are
    ``loss_weight / divisor · Σ weights[label] · cost``; over several batches that number is
    weighted by the divisors.

    Bottoms:
        0: scores ``(N, C, …)``, not normalised.
        1: labels ``(N, …)`` or ``(N, 1, …)``: one for each position, whole numbers from 0 to C − 1.
        2: weights ``(N,)`` or of the labels' first axes, if not all count alike; 0 leaves out.
    Args:
        gamma: How much less it counts what is right, at least 0. Default 2.
    Example:
        - {name: loss, type: FocalLoss, gamma: 2, weights: [1, 3], bottoms: [score, mask]}
    Source:
        Lin, Goyal, Girshick, He & Dollar 2017, arXiv 1708.02002, for two classes.
    """

    normalises: ClassVar[Normaliser] = "Softmax"

    type: Literal["FocalLoss"] = "FocalLoss"
    gamma: NonNegativeFloat = 2.0

    @property
    def softmax_axis(self) -> int:
        return self.axis

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        scores, positions = bottoms[0], self.positions(bottoms)
        return super().scratch(bottoms, backend, backward=backward) | {
            "exp": ScratchDecl(scores, lifetime="pass", blob=True),
            "total": ScratchDecl(positions, lifetime="pass", blob=True),
            "slope": ScratchDecl(positions, lifetime="pass", blob=True),
            "along": ScratchDecl(positions, blob=True),
            "rest": ScratchDecl(positions, blob=True),
        }


class FocalLossLayer(LabelLossLayer[FocalLoss]):
    """Runs :class:`FocalLoss`; ``slope`` is minus the derivative of the cost by log p."""

    def setup(self) -> None:
        super().setup()
        self.exp, self.total, self.slope, self.along, self.rest = (
            self.scratch[name] for name in ("exp", "total", "slope", "along", "rest")
        )
        self.flat_exp, self.flat_slope = memory(self.exp), memory(self.slope)
        self.write_exp = self.backend.elementwise(_exp, self.exp)
        self.write_max = self.backend.axis_max(self.x, self.axis, self.along, self.exp)
        self.write_total = self.backend.axes_sum(self.exp, (self.axis,), self.total)
        self.finish = self.backend.elementwise(
            self.write_costs, self.along, self.cost, self.slope, self.rest
        )

    def write_cost(self) -> None:
        xp, along = self.xp, self.along
        self.write_max()
        xp.subtract(self.x, along, out=self.exp)
        self.backend.gather(self.flat_exp, self.flat_index, self.flat_cost)  # x[label] − max
        self.write_exp()
        self.write_total()
        xp.log(self.total, out=along)
        xp.subtract(self.cost, along, out=along)  # log p
        self.finish()

    def write_costs(self, xp: Any, log_p: Array, cost: Array, slope: Array, rest: Array) -> None:
        """Cost and slope, (1 − p)^γ − γ · p · log p · (1 − p)^(γ − 1), given log p.

        1 − p keeps its digits where p is near 1; there log p / (1 − p) is −1.
        """
        gamma, info = self.spec.gamma, np.finfo(log_p.dtype)
        xp.expm1(log_p, out=rest)
        xp.negative(rest, out=rest)
        xp.maximum(log_p, float(info.min), out=cost)  # 0 · ∞ would be no number
        xp.exp(log_p, out=slope)
        xp.multiply(slope, cost, out=slope)
        xp.maximum(rest, float(info.tiny), out=cost)
        xp.divide(slope, cost, out=slope)
        xp.multiply(slope, -gamma, out=slope)
        xp.add(slope, 1.0, out=slope)
        xp.power(rest, gamma, out=rest)
        xp.multiply(slope, rest, out=slope)
        xp.multiply(log_p, rest, out=cost)
        xp.negative(cost, out=cost)

    def backward(self) -> None:
        """Assign dx = coef · slope · (softmax(x) − [class is the label])."""
        if self.dx is None:
            return
        xp = self.xp
        xp.multiply(self.slope, self.coef, out=self.rest)
        xp.divide(self.rest, self.total, out=self.along)
        xp.multiply(self.exp, self.along, out=self.dx)
        self.finish_diff(self.subtract_slope)

    def subtract_slope(self, diff: Array, coef: Array, out: Array) -> None:
        """What the label's diff is less than the others."""
        self.xp.subtract(diff, memory(self.rest), out=out)


def _exp(xp: Any, x: Array) -> None:
    xp.exp(x, out=x)
