"""Sigmoid: the logistic function."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.backend.constant import constant
from graphnet.blob import Array
from graphnet.layers.neurons.base import NeuronSpec


class Sigmoid(NeuronSpec):
    """The logistic function 1 / (1 + exp(−x)).

    It is computed as (1 + tanh(x / 2)) / 2, which cannot overflow; where the true value is
    below the precision of 1 the result is 0.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Example:
        - {name: sigmoid1, type: Sigmoid, bottoms: [x]}
    Source:
        Mocha ``Sigmoid``, Caffe ``Sigmoid``.
    """

    type: Literal["Sigmoid"] = "Sigmoid"

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        half = constant(xp, 0.5, x)
        xp.multiply(x, half, out=y)
        xp.tanh(y, out=y)
        xp.multiply(y, half, out=y)
        xp.add(y, half, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.multiply(y, y, out=slope)
        xp.subtract(y, slope, out=slope)
