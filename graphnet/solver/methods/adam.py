"""Adam: a rate for each element, from running moments of its gradient."""

from __future__ import annotations

from math import sqrt
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.solver import lr_policy
from graphnet.solver.methods.base import Method, Rates


def move_moments(
    xp: Any, betas: tuple[float, float], g: Array, first: Array, second: Array, scratch: Array
) -> None:
    """Take a gradient into both of its moments; ``scratch`` is of their shape."""
    beta1, beta2 = betas
    xp.multiply(g, 1 - beta1, out=scratch)
    xp.multiply(first, beta1, out=first)
    xp.add(first, scratch, out=first)
    move_second_moment(xp, beta2, g, second, scratch)


def move_second_moment(xp: Any, beta2: float, g: Array, second: Array, scratch: Array) -> None:
    """Take a gradient into the mean of its squares."""
    xp.multiply(g, g, out=scratch)
    xp.multiply(scratch, 1 - beta2, out=scratch)
    xp.multiply(second, beta2, out=second)
    xp.add(second, scratch, out=second)


class AdaptiveMoments(Method):
    """What Adam and AdamW share: all but where the regularizer acts."""

    history: ClassVar[tuple[str, ...]] = ("first_moment", "second_moment")
    default_lr_policy: ClassVar[lr_policy.AnyLRPolicy] = lr_policy.Fixed(base_lr=0.001)

    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    epsilon: PositiveFloat = 1e-8

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        first, second = history
        scratch = rates.scratch.like(xp, g)
        move_moments(xp, (self.beta1, self.beta2), g, first, second, scratch)
        xp.sqrt(second, out=scratch)
        xp.add(scratch, self.epsilon, out=scratch)
        xp.divide(first, scratch, out=scratch)
        xp.multiply(scratch, self.corrected(rates), out=scratch)
        xp.subtract(w, scratch, out=w)

    def corrected(self, rates: Rates) -> float:
        """The rate with the correction for moments that started at zero."""
        return rates.lr * sqrt(1 - self.beta2**rates.t) / (1 - self.beta1**rates.t)


class Adam(AdaptiveMoments):
    """Adaptive moments.

        M ← β1·M + (1 − β1)·g
        V ← β2·V + (1 − β2)·g²
        W ← W − r · √(1 − β2ᵗ) / (1 − β1ᵗ) · M / (√V + ε)

    Args:
        beta1: Decay of the first moment. Default 0.9.
        beta2: Decay of the second moment. Default 0.999.
        epsilon: Added to the denominator. Default 1e-8; outside the bias correction.

    Source:
        Kingma & Ba 2015, arXiv 1412.6980, in the order of computation at the end of section 2;
        Caffe ``Adam``. The default rate, betas and epsilon are the paper's: Fixed 0.001. Mocha's
        is Inv from 0.003 for a second moment that only grows (a slip); its Adam ignores local
        rates, and Caffe's has a ``beta1`` of 0 unless ``momentum`` says otherwise.
    """

    type: Literal["Adam"] = "Adam"
