"""AdamW: Adam with the regularizer decoupled from the moments."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.solver.methods.adam import AdaptiveMoments


class AdamW(AdaptiveMoments):
    """Adam on the bare gradient, while the regularizer shrinks the params directly.

        W ← W − r·λ·W − r · √(1 − β2ᵗ) / (1 − β1ᵗ) · M / (√V + ε)

    λ·W is the regularizer's gradient, so λ = 2 · coef · ``regu_coef`` for a param with L2Regu,
    and a bias without a regularizer does not shrink. ``regu_coef: 0.005`` is the weight decay
    of 0.01 that other programs default to.

    Args:
        beta1: Decay of the first moment. Default 0.9.
        beta2: Decay of the second moment. Default 0.999.
        epsilon: Added to the denominator. Default 1e-8; outside the bias correction.

    Source:
        Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2, whose rate of 0.001 is the default.
    """

    decoupled: ClassVar[bool] = True

    type: Literal["AdamW"] = "AdamW"
