"""GaussianKLLoss: how far normal distributions are from the standard one."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.blob import Array
from graphnet.layers.losses.pair import SMALLEST
from graphnet.layers.losses.pair_loss import PairLoss


class GaussianKLLoss(PairLoss):
    """1 / (2N) · Σ (μ² + σ² − 2 log σ − 1): the divergence of N(μ, σ²) from N(0, 1).

    It is the regularizer of a variational auto-encoder's code. A σ below 1e-20 counts as 1e-20
    where its logarithm is taken or it is divided by. It reports ``loss_weight`` times
    the loss.

    Bottoms:
        0: means μ ``(N, …)``.
        1: standard deviations σ ``(N, …)``, positive; as many elements a sample.
        2: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Example:
        - {name: kl, type: GaussianKLLoss, bottoms: [mu, sigma]}
    Source:
        Mocha ``GaussianKLLossLayer`` (whose bottoms are ``mu`` and ``sigma`` by default); Kingma
        & Welling 2013, appendix B.
    """

    type: Literal["GaussianKLLoss"] = "GaussianKLLoss"
    bottoms: tuple[str, ...] = ("mu", "sigma")

    def cost(self, xp: Any, a: Array, b: Array, scratch: Array, cost: Array) -> None:
        # 2 (σ − 1 − log σ) + (σ − 1)² + μ²: near σ = 1, σ² − 1 would lose digits
        xp.maximum(b, SMALLEST, out=cost)
        xp.log(cost, out=cost)
        xp.subtract(b, 1.0, out=scratch)
        xp.subtract(scratch, cost, out=cost)
        xp.multiply(cost, 2.0, out=cost)
        xp.multiply(scratch, scratch, out=scratch)
        xp.add(cost, scratch, out=cost)
        xp.multiply(a, a, out=scratch)
        xp.add(cost, scratch, out=cost)
        xp.multiply(cost, 0.5, out=cost)

    def slope(self, xp: Any, which: int, a: Array, b: Array, scratch: Array, slope: Array) -> None:
        if which == 0:
            xp.copyto(slope, a)
        else:
            xp.maximum(b, SMALLEST, out=scratch)
            xp.reciprocal(scratch, out=scratch)
            xp.subtract(b, scratch, out=slope)
