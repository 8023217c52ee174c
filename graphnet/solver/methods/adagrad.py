"""Adagrad: a rate for each element that falls with the gradients it has seen."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.solver.methods.base import Method, Rates


class Adagrad(Method):
    """Adaptive gradient, per element.

        H ← H + g²
        W ← W − r · g / (√H + ε)

    Args:
        epsilon: Added to the denominator. Default 1e-8.

    Source:
        Duchi, Hazan & Singer 2011 (JMLR 12), which names no rate: the default is Fixed 0.01, as of
        SGD; Caffe ``AdaGrad``. Mocha's keeps one sum for a whole blob and a rate of 1.
    """

    history: ClassVar[tuple[str, ...]] = ("squares",)

    type: Literal["Adagrad"] = "Adagrad"
    epsilon: PositiveFloat = 1e-8

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        (squares,) = history
        scratch = rates.scratch.like(xp, g)
        xp.multiply(g, g, out=scratch)
        xp.add(squares, scratch, out=squares)
        xp.sqrt(squares, out=scratch)
        xp.add(scratch, self.epsilon, out=scratch)
        xp.divide(g, scratch, out=scratch)
        xp.multiply(scratch, rates.lr, out=scratch)
        xp.subtract(w, scratch, out=w)
