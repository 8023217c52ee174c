"""HingeLoss: a margin between two classes, element by element."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.blob import Array
from graphnet.layers.losses.pair_loss import PairLoss


class HingeLoss(PairLoss):
    """1 / N · Σ max(0, 1 − y · p): summed over a sample, mean over samples.

    It reports ``loss_weight`` times the loss.

    Bottoms:
        0: predictions p ``(N, …)``.
        1: labels y ``(N, …)``, 1 or −1; as many elements a sample. They may take a gradient.
        2: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Example:
        - {name: hinge, type: HingeLoss, bottoms: [out, sign]}
    Source:
        Mocha ``HingeLossLayer`` (which on the CPU leaves the weight out of the loss). Caffe's
        ``HingeLoss`` is another: one against all, by class.
    """

    type: Literal["HingeLoss"] = "HingeLoss"

    def cost(self, xp: Any, a: Array, b: Array, scratch: Array, cost: Array) -> None:
        xp.multiply(a, b, out=cost)
        xp.subtract(1.0, cost, out=cost)
        xp.clip(cost, 0.0, xp.inf, out=cost)

    def slope(self, xp: Any, which: int, a: Array, b: Array, scratch: Array, slope: Array) -> None:
        # 1 within the margin, 0 beyond it
        xp.multiply(a, b, out=slope)
        xp.subtract(1.0, slope, out=slope)
        xp.ceil(slope, out=slope)
        xp.clip(slope, 0.0, 1.0, out=slope)
        xp.multiply(slope, (b, a)[which], out=slope)
        xp.negative(slope, out=slope)
