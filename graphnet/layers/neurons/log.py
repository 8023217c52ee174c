"""Log: logarithms to any base."""

from __future__ import annotations

from math import log
from typing import Any, Literal

from pydantic import field_validator

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.layers.neurons.base import NeuronSpec


class Log(NeuronSpec):
    """The logarithm of shift + scale · x; NaN where that is negative.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        base: The base, more than 0 and not 1. Default e.
        scale: What x is multiplied by. Default 1.
        shift: What is added to that. Default 0.
    Example:
        - {name: bits, type: Log, base: 2, shift: 1.0e-9, bottoms: [p], tops: [bits]}
    Source:
        Caffe ``Log``.
    """

    type: Literal["Log"] = "Log"
    base: PositiveFloat | None = None
    scale: float = 1.0
    shift: float = 0.0

    @field_validator("base")
    @classmethod
    def _not_one(cls, base: float | None) -> float | None:
        if base == 1:
            raise ValueError("there is no logarithm to the base 1")
        return base

    @property
    def log_base(self) -> float:
        """The natural logarithm of the base."""
        return 1.0 if self.base is None else log(self.base)

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.multiply(x, self.scale, out=y)
        xp.add(y, self.shift, out=y)
        xp.log(y, out=y)
        xp.multiply(y, 1 / self.log_base, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.multiply(y, -self.log_base, out=slope)  # scale / (log(base) · base ^ y)
        xp.exp(slope, out=slope)
        xp.multiply(slope, self.scale / self.log_base, out=slope)
