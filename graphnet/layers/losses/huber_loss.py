"""HuberLoss: the squared distance near the target, the distance far from it."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.pair_loss import PairLoss


class HuberLoss(PairLoss):
    """1 / divisor · Σ h(a − b): h(d) is d² / 2 up to |d| = delta, a straight line beyond.

    That is delta · (|d| − delta / 2): outliers pull with a force of ``delta`` at most. It reports
    ``loss_weight`` times the loss.

    Bottoms:
        0: ``(N, …)``, the prediction.
        1: ``(N, …)``, the target; as many elements a sample. It may take a gradient too.
        2: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Args:
        delta: Where the parabola ends, more than 0. Default 1.
    Example:
        - {name: loss, type: HuberLoss, delta: 0.5, bottoms: [out, target]}
    Source:
        Huber 1964; PyTorch ``HuberLoss``, whose mean is over all elements: ``divisor: full``.
        Its ``SmoothL1Loss`` is this divided by ``beta``, the ``delta`` here.
    """

    type: Literal["HuberLoss"] = "HuberLoss"
    delta: PositiveFloat = 1.0

    @property
    def judges(self) -> Judgement:
        return Judgement("numbers")

    def cost(self, xp: Any, a: Array, b: Array, scratch: Array, cost: Array) -> None:
        # with c the distance cut at delta it is c · (|d| − c / 2)
        xp.subtract(a, b, out=cost)
        xp.absolute(cost, out=cost)
        xp.minimum(cost, self.delta, out=scratch)
        xp.multiply(scratch, 0.5, out=scratch)
        xp.subtract(cost, scratch, out=cost)
        xp.multiply(scratch, 2.0, out=scratch)
        xp.multiply(cost, scratch, out=cost)

    def slope(self, xp: Any, which: int, a: Array, b: Array, scratch: Array, slope: Array) -> None:
        first, second = (a, b) if which == 0 else (b, a)
        xp.subtract(first, second, out=slope)
        xp.clip(slope, -self.delta, self.delta, out=slope)
