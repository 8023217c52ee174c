"""Lion: the sign of an average of gradients."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from graphnet.blob import Array
from graphnet.solver import lr_policy
from graphnet.solver.methods.base import Method, Rates


class Lion(Method):
    """Steps of one size in every element, along the sign of the averaged gradient.

        C ← β1·M + (1 − β1)·g
        W ← W − r·λ·W − r · sign(C)
        M ← β2·M + (1 − β2)·g

    λ·W is the regularizer's gradient, as in AdamW. A step is larger than one of AdamW at the same
    rate, so the rate is 3 to 10 times lower, and ``regu_coef`` as much higher.

    Args:
        beta1: The part of the old average in the step. Default 0.9.
        beta2: Decay of the average. Default 0.99.

    Source:
        Chen et al. 2023, arXiv 2302.06675, algorithm 2 and its betas; the default rate is 1e-4.
    """

    history: ClassVar[tuple[str, ...]] = ("average_gradient",)
    decoupled: ClassVar[bool] = True
    default_lr_policy: ClassVar[lr_policy.AnyLRPolicy] = lr_policy.Fixed(base_lr=0.0001)

    type: Literal["Lion"] = "Lion"
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.99

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        (average,) = history
        step, scratch = rates.scratch.like(xp, g), rates.scratch.like(xp, g, slot=1)
        xp.multiply(average, self.beta1, out=step)
        xp.multiply(g, 1 - self.beta1, out=scratch)
        xp.add(step, scratch, out=scratch)
        xp.sign(scratch, out=step)  # in place it would take ten times as long
        xp.multiply(step, rates.lr, out=step)
        xp.subtract(w, step, out=w)
        xp.multiply(average, self.beta2, out=average)
        xp.multiply(g, 1 - self.beta2, out=scratch)
        xp.add(average, scratch, out=average)
