"""RMSProp: a rate for each element from a running mean of its squared gradient."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.solver.methods.base import Method, Rates


class RMSProp(Method):
    """Gradient over its running root mean square.

        H ← ρ·H + (1 − ρ)·g²
        W ← W − r · g / (√H + ε)

    Args:
        rho: Decay of the mean. Default 0.99, Caffe's ``rms_decay``.
        epsilon: Added to the denominator. Default 1e-8.

    Source:
        Tieleman & Hinton 2012 (Coursera lecture 6.5), where the mean decays by 0.9 and no rate is
        named: the default is Fixed 0.01, as of SGD; Caffe ``RMSProp``.
    """

    history: ClassVar[tuple[str, ...]] = ("mean_square",)

    type: Literal["RMSProp"] = "RMSProp"
    rho: Annotated[float, Field(ge=0, lt=1)] = 0.99
    epsilon: PositiveFloat = 1e-8

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        (mean_square,) = history
        scratch = rates.scratch.like(xp, g)
        xp.multiply(g, g, out=scratch)
        xp.multiply(scratch, 1 - self.rho, out=scratch)
        xp.multiply(mean_square, self.rho, out=mean_square)
        xp.add(mean_square, scratch, out=mean_square)
        xp.sqrt(mean_square, out=scratch)
        xp.add(scratch, self.epsilon, out=scratch)
        xp.divide(g, scratch, out=scratch)
        xp.multiply(scratch, rates.lr, out=scratch)
        xp.subtract(w, scratch, out=w)
