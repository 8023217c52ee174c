"""SGD: stochastic gradient descent with momentum."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.solver.methods.base import Method, Rates


class SGD(Method):
    """Gradient descent with momentum.

        V ← m·V − r·g
        W ← W + V

    The rate is inside V: when it drops, the momentum gathered before keeps its size.

    Source:
        Mocha ``SGD``, Caffe ``SGD``; Polyak 1964. Mocha uses the momentum of the update before.
    """

    history: ClassVar[tuple[str, ...]] = ("velocity",)
    has_momentum: ClassVar[bool] = True

    type: Literal["SGD"] = "SGD"

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        (velocity,) = history
        if rates.momentum:
            scaled = rates.scratch.like(xp, g)
            xp.multiply(g, rates.minus_lr, out=scaled)
            xp.multiply(velocity, rates.times_momentum, out=velocity)
            xp.add(velocity, scaled, out=velocity)
        else:
            xp.multiply(g, rates.minus_lr, out=velocity)
        xp.add(w, velocity, out=w)
