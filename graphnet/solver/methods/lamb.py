"""LAMB: Adam's direction, in steps as long as the params are large."""

from __future__ import annotations

from math import sqrt
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.solver import lr_policy
from graphnet.solver.methods.adam import move_moments
from graphnet.solver.methods.base import Method, Rates


class LAMB(Method):
    """Adam's direction, param by param in a step that is the rate times the norm of the param.

        M ← β1·M + (1 − β1)·g
        V ← β2·V + (1 − β2)·g²
        U = M / (1 − β1ᵗ) / (√(V / (1 − β2ᵗ)) + ε) + λ·W
        W ← W − r · ‖W‖ / ‖U‖ · U

    The norms are those of one param: the weights of a layer, or its bias. Where one of them is 0,
    as that of a bias that starts at 0, their ratio counts as 1. λ·W is the regularizer's gradient,
    as in AdamW. It is made for very large batches, which take large rates.

    Args:
        beta1: Decay of the first moment. Default 0.9.
        beta2: Decay of the second moment. Default 0.999.
        epsilon: Added to the denominator. Default 1e-6.

    Source:
        You et al. 2020, arXiv 1904.00962, algorithm 2 with φ(z) = z; betas and epsilon are those of
        its experiments. The default rate is 0.001.
    """

    history: ClassVar[tuple[str, ...]] = ("first_moment", "second_moment")
    by_param: ClassVar[bool] = True
    decoupled: ClassVar[bool] = True
    decays_itself: ClassVar[bool] = True
    default_lr_policy: ClassVar[lr_policy.AnyLRPolicy] = lr_policy.Fixed(base_lr=0.001)

    type: Literal["LAMB"] = "LAMB"
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    epsilon: PositiveFloat = 1e-6

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        first, second = history
        u = rates.scratch.like(xp, g)
        move_moments(xp, (self.beta1, self.beta2), g, first, second, u)
        xp.sqrt(second, out=u)
        xp.multiply(u, 1 / sqrt(1 - self.beta2**rates.t), out=u)
        xp.add(u, self.epsilon, out=u)
        xp.divide(first, u, out=u)
        xp.multiply(u, 1 / (1 - self.beta1**rates.t), out=u)
        rates.add_decay(xp, w, u)
        squares = (rates.backend.square_sum(array.reshape(-1)) for array in (w, u))
        trust = rates.backend.ratio(*squares) ** 0.5
        xp.multiply(u, trust * rates.lr, out=u)
        xp.subtract(w, u, out=w)
