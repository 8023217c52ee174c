"""Exp: powers of any base."""

from __future__ import annotations

from math import log
from typing import Any, Literal

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.layers.neurons.base import NeuronSpec


class Exp(NeuronSpec):
    """base ^ (shift + scale · x).

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        base: The base, more than 0. Default e.
        scale: What x is multiplied by. Default 1.
        shift: What is added to that. Default 0.
    Example:
        - {name: power, type: Exp, base: 2, scale: -1, bottoms: [x], tops: [y]}
    Source:
        Caffe ``Exp``; with its defaults it is Mocha's ``Exponential``.
    """

    type: Literal["Exp"] = "Exp"
    base: PositiveFloat | None = None
    scale: float = 1.0
    shift: float = 0.0

    @property
    def log_base(self) -> float:
        """The natural logarithm of the base."""
        return 1.0 if self.base is None else log(self.base)

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.multiply(x, self.log_base * self.scale, out=y)
        xp.add(y, self.log_base * self.shift, out=y)
        xp.exp(y, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.multiply(y, self.log_base * self.scale, out=slope)
