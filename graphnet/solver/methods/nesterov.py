"""Nesterov: momentum that looks ahead."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.solver.methods.base import Method, Rates


class Nesterov(Method):
    """Nesterov's accelerated gradient, the gradient taken at the point looked ahead to.

        V' ← m·V − r·g
        W  ← W + (1 + m)·V' − m·V

    Source:
        Bengio et al. 2012, arXiv 1212.0901, eq. 7; Caffe ``Nesterov``; Mocha ``Nesterov``, which
        cannot be made there.
    """

    history: ClassVar[tuple[str, ...]] = ("velocity",)
    has_momentum: ClassVar[bool] = True

    type: Literal["Nesterov"] = "Nesterov"

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        (velocity,) = history
        scratch = rates.scratch.like(xp, g)
        xp.multiply(velocity, rates.momentum, out=velocity)
        xp.subtract(w, velocity, out=w)  # W − m·V
        xp.multiply(g, rates.lr, out=scratch)
        xp.subtract(velocity, scratch, out=velocity)  # V'
        xp.multiply(velocity, 1 + rates.momentum, out=scratch)
        xp.add(w, scratch, out=w)
