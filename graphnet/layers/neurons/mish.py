"""Mish: a rectifier by the hyperbolic tangent of a softplus."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.layers.neurons.sloped import Number, SlopedNeuron

LARGE = 20.0  # from here on the gate is 1 to the last bit of float64


class Mish(SlopedNeuron):
    """x · tanh(log(1 + exp(x))).

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Example:
        - {name: mish1, type: Mish, bottoms: [x]}
    Source:
        Misra 2019, arXiv 1908.08681.
    """

    n_parts: ClassVar[int] = 3

    type: Literal["Mish"] = "Mish"

    def compute(
        self, xp: Any, number: Number, slope: Array | None, x: Array, y: Array, *parts: Array
    ) -> None:
        power, gate, more = parts  # with e = exp(x) and n = e · (e + 2) the gate is n / (n + 2)
        xp.clip(x, -xp.inf, LARGE, out=power)
        xp.exp(power, power)
        xp.add(power, number(2.0), gate)
        xp.multiply(gate, power, gate)
        xp.add(gate, number(2.0), more)
        xp.divide(gate, more, gate)
        if slope is not None:  # the gate + x · 4 · e · (e + 1) / (n + 2)²
            xp.add(power, number(1.0), slope)
            xp.multiply(slope, power, slope)
            xp.divide(slope, more, slope)
            xp.divide(slope, more, slope)
            xp.multiply(slope, number(4.0), slope)
            xp.multiply(slope, x, slope)
            xp.add(slope, gate, slope)
        xp.multiply(gate, x, y)
