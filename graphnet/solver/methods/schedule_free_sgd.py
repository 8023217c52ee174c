"""ScheduleFreeSGD: gradient descent with an average in place of a policy."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.solver import lr_policy
from graphnet.solver.methods.base import Rates
from graphnet.solver.methods.schedule_free import ScheduleFree


class ScheduleFreeSGD(ScheduleFree):
    """Gradient descent with an average of all its points, at a rate that need not fall.

        f = min(1, t / warmup),  c = f² / Σ f² of all updates until now
        Z ← Z − f·r·g
        X ← X + c·(Z − X)
        W ← Z + β1·(X − Z)

    Z and X start at W. W is where gradients are taken; X, the average, is what has been learned:
    measure it with ``{type: ValidationPerformance, averaged: true}``, and take it out of a snapshot
    with ``graphnet snapshot model --averaged``. The policy of the rate should be Fixed.

    Args:
        beta1: How near to the average gradients are taken. Default 0.9.
        warmup: Over how many updates the rate rises from 0. Default 0: none.

    Source:
        Defazio et al. 2024, arXiv 2405.15682, its three equations for y, z and x; the weights with
        a warmup are those of its algorithm 1. The default rate is 1, that of its program: 10 to 50
        times what SGD with a momentum of 0.9 is usually given.
    """

    history: ClassVar[tuple[str, ...]] = ("base", "average")
    default_lr_policy: ClassVar[lr_policy.AnyLRPolicy] = lr_policy.Fixed(base_lr=1.0)

    type: Literal["ScheduleFreeSGD"] = "ScheduleFreeSGD"

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        base, average = history
        self.begin(xp, rates, w, base, average)
        scratch = rates.scratch.like(xp, w)
        xp.multiply(g, self.factor(rates.t) * rates.lr, out=scratch)
        xp.subtract(base, scratch, out=base)
        self.mix(xp, rates, w, base, average)
