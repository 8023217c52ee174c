"""Adadelta: steps in the units of the params, from running means of gradients and steps."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.solver import lr_policy
from graphnet.solver.methods.base import Method, Rates


class Adadelta(Method):
    """Gradient scaled by the ratio of two running root mean squares.

        E ← ρ·E + (1 − ρ)·g²
        d = √(D + ε) / √(E + ε) · g
        D ← ρ·D + (1 − ρ)·d²
        W ← W − r·d

    Args:
        rho: Decay of both means. Default 0.95.
        epsilon: Added to both means. Default 1e-6.

    Source:
        Zeiler 2012, arXiv 1212.5701, algorithm 1, where r is 1, the default here; rho and epsilon
        are those of its section 4.1. Mocha ``Adadelta``; Caffe ``AdaDelta``, whose epsilon is 1e-8
        and whose rho is ``momentum``.
    """

    history: ClassVar[tuple[str, ...]] = ("gradient_square", "step_square")
    default_lr_policy: ClassVar[lr_policy.AnyLRPolicy] = lr_policy.Fixed(base_lr=1.0)

    type: Literal["Adadelta"] = "Adadelta"
    rho: Annotated[float, Field(ge=0, lt=1)] = 0.95
    epsilon: PositiveFloat = 1e-6

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        gradient_square, step_square = history
        d, scratch = rates.scratch.like(xp, g), rates.scratch.like(xp, g, slot=1)
        xp.multiply(g, g, out=scratch)
        self._average(xp, gradient_square, scratch)
        xp.add(step_square, self.epsilon, out=d)
        xp.add(gradient_square, self.epsilon, out=scratch)
        xp.divide(d, scratch, out=d)
        xp.sqrt(d, out=d)
        xp.multiply(d, g, out=d)
        xp.multiply(d, d, out=scratch)
        self._average(xp, step_square, scratch)
        xp.multiply(d, rates.lr, out=d)
        xp.subtract(w, d, out=w)

    def _average(self, xp: Any, mean: Array, new: Array) -> None:
        """``mean ← ρ·mean + (1 − ρ)·new``; ``new`` is used up."""
        xp.multiply(new, 1 - self.rho, out=new)
        xp.multiply(mean, self.rho, out=mean)
        xp.add(mean, new, out=mean)
