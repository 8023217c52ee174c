"""Tanh: the hyperbolic tangent."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.backend.constant import constant
from graphnet.blob import Array
from graphnet.layers.neurons.base import NeuronSpec


class Tanh(NeuronSpec):
    """The hyperbolic tangent.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Example:
        - {name: tanh1, type: Tanh, bottoms: [x]}
    Source:
        Mocha ``Tanh``, Caffe ``TanH``.
    """

    type: Literal["Tanh"] = "Tanh"

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.tanh(x, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.multiply(y, y, out=slope)
        xp.subtract(constant(xp, 1.0, y), slope, out=slope)
