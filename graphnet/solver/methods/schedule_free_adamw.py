"""ScheduleFreeAdamW: AdamW with an average in place of momentum and policy."""

from __future__ import annotations

from math import sqrt
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.solver import lr_policy
from graphnet.solver.methods.adam import move_second_moment
from graphnet.solver.methods.base import Rates
from graphnet.solver.methods.schedule_free import ScheduleFree


class ScheduleFreeAdamW(ScheduleFree):
    """AdamW with an average of all its points, at a rate that need not fall.

        V ← β2·V + (1 − β2)·g²
        f = min(1, t / warmup),  c = f² / Σ f² of all updates until now
        Z ← Z − f·r·(g / (√(V / (1 − β2ᵗ)) + ε) + λ·W)
        X ← X + c·(Z − X)
        W ← Z + β1·(X − Z)

    Z and X start at W. W is where gradients are taken; X, the average, is what has been learned:
    measure it with ``{type: ValidationPerformance, averaged: true}``, and take it out of a snapshot
    with ``graphnet snapshot model --averaged``. The policy of the rate should be Fixed. λ·W is the
    regularizer's gradient, as in AdamW.

    Args:
        beta1: How near to the average gradients are taken. Default 0.9.
        beta2: Decay of the second moment. Default 0.999.
        epsilon: Added to the denominator. Default 1e-8.
        warmup: Over how many updates the rate rises from 0. Default 0: none; 5 % of the run is
            usual.

    Source:
        Defazio et al. 2024, arXiv 2405.15682, algorithm 1. The default rate is 0.0025, that of its
        program.
    """

    history: ClassVar[tuple[str, ...]] = ("second_moment", "base", "average")
    decoupled: ClassVar[bool] = True
    decays_itself: ClassVar[bool] = True
    default_lr_policy: ClassVar[lr_policy.AnyLRPolicy] = lr_policy.Fixed(base_lr=0.0025)

    type: Literal["ScheduleFreeAdamW"] = "ScheduleFreeAdamW"
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    epsilon: PositiveFloat = 1e-8

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        second, base, average = history
        self.begin(xp, rates, w, base, average)
        scratch = rates.scratch.like(xp, w)
        move_second_moment(xp, self.beta2, g, second, scratch)
        xp.sqrt(second, out=scratch)
        xp.multiply(scratch, 1 / sqrt(1 - self.beta2**rates.t), out=scratch)
        xp.add(scratch, self.epsilon, out=scratch)
        xp.divide(g, scratch, out=scratch)
        rates.add_decay(xp, w, scratch)
        xp.multiply(scratch, self.factor(rates.t) * rates.lr, out=scratch)
        xp.subtract(base, scratch, out=base)
        self.mix(xp, rates, w, base, average)
