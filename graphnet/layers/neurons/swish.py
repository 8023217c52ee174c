"""Swish: a rectifier by the logistic function."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.blob import Array
from graphnet.layers.neurons.sloped import Number, SlopedNeuron


class Swish(SlopedNeuron):
    """x · σ(beta · x), with σ the logistic function; also called SiLU where beta is 1.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        beta: What x is multiplied by in the logistic function. Default 1.
    Example:
        - {name: swish1, type: Swish, bottoms: [x], tops: [swish1]}
    Source:
        Caffe ``Swish``; Ramachandran, Zoph & Le 2017, arXiv 1710.05941.
    """

    type: Literal["Swish"] = "Swish"
    beta: float = 1.0

    def compute(
        self, xp: Any, number: Number, slope: Array | None, x: Array, y: Array, *parts: Array
    ) -> None:
        (rise,) = parts  # σ(beta · x), as (1 + tanh(beta · x / 2)) / 2, which cannot overflow
        xp.multiply(x, number(self.beta / 2), rise)
        xp.tanh(rise, rise)
        xp.multiply(rise, number(0.5), rise)
        xp.add(rise, number(0.5), rise)
        if slope is not None:  # σ + beta · x · σ · (1 − σ)
            xp.subtract(number(1.0), rise, slope)
            xp.multiply(slope, rise, slope)
            xp.multiply(slope, x, slope)
            if self.beta != 1:
                xp.multiply(slope, number(self.beta), slope)
            xp.add(rise, slope, slope)
        xp.multiply(rise, x, y)
