"""L1Loss: the distance of two blobs, element by element."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.blob import Array
from graphnet.layers.elementwise.signs import write_sign
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.pair_loss import PairLoss


class L1Loss(PairLoss):
    """1 / divisor · Σ |a − b|; where both are equal the gradient is 0.

    It reports ``loss_weight`` times the loss.

    Bottoms:
        0: ``(N, …)``, the prediction.
        1: ``(N, …)``, the target; as many elements a sample. It may take a gradient too.
        2: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Example:
        - {name: loss, type: L1Loss, divisor: full, bottoms: [out, target]}
    Source:
        PyTorch ``L1Loss``, whose mean is over all elements: ``divisor: full``.
    """

    type: Literal["L1Loss"] = "L1Loss"

    @property
    def judges(self) -> Judgement:
        return Judgement("numbers")

    def cost(self, xp: Any, a: Array, b: Array, scratch: Array, cost: Array) -> None:
        xp.subtract(a, b, out=cost)
        xp.absolute(cost, out=cost)

    def slope(self, xp: Any, which: int, a: Array, b: Array, scratch: Array, slope: Array) -> None:
        first, second = (a, b) if which == 0 else (b, a)
        xp.subtract(first, second, out=slope)
        write_sign(xp, slope, slope)
