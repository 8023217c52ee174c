"""Swish: a rectifier by the logistic function."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array
from graphnet.layers.base import ScratchDecls, Shapes
from graphnet.layers.elementwise.function import ElementwiseFunction


class Swish(ElementwiseFunction):
    """x · σ(beta · x), with σ the logistic function; also called SiLU where beta is 1.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape.
    Args:
        beta: What x is multiplied by in the logistic function. Default 1.
    Example:
        - {name: swish1, type: Swish, bottoms: [x], tops: [swish1]}
    Source:
        Caffe ``Swish``; Ramachandran, Zoph & Le 2017, arXiv 1710.05941.
    """

    type: Literal["Swish"] = "Swish"
    beta: float = 1.0

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return {"rise": ScratchDecl(bottoms[0], blob=True)} if backward else {}

    def logistic(self, xp: Any, x: Array, out: Array) -> None:
        """Write σ(beta · x) to ``out``, as (1 + tanh(beta · x / 2)) / 2, which cannot overflow."""
        xp.multiply(x, self.beta / 2, out=out)
        xp.tanh(out, out=out)
        xp.multiply(out, 0.5, out=out)
        xp.add(out, 0.5, out=out)

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        self.logistic(xp, x, y)
        xp.multiply(y, x, out=y)

    def differentiate(self, xp: Any, x: Array, dy: Array, dx: Array, *scratch: Array) -> None:
        (rise,) = scratch  # σ + beta · x · σ · (1 − σ)
        self.logistic(xp, x, dx)
        xp.subtract(1.0, dx, out=rise)
        xp.multiply(rise, dx, out=rise)
        xp.multiply(rise, x, out=rise)
        xp.multiply(rise, self.beta, out=rise)
        xp.add(dx, rise, out=dx)
        xp.multiply(dx, dy, out=dx)
