"""Softplus: a rectifier that bends smoothly, as sharply as one likes."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.declare.fields import PositiveFloat
from graphnet.layers.neurons.base import NeuronSpec

LARGE = 80.0  # as BNLL's


class Softplus(NeuronSpec):
    """log(1 + exp(beta · x)) / beta: always positive, and x where that is large.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        beta: How sharply it bends, more than 0. Default 1.
    Example:
        - {name: sigma, type: Softplus, beta: 2, bottoms: [x], tops: [sigma]}
    Source:
        Dugas et al. 2001; with beta 1 it is Caffe's ``BNLL``.
    """

    overwrites: ClassVar[bool] = False  # x is read twice

    type: Literal["Softplus"] = "Softplus"
    beta: PositiveFloat = 1.0

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.multiply(x, self.beta, out=y)
        xp.clip(y, -xp.inf, LARGE, out=y)
        xp.exp(y, out=y)
        xp.log1p(y, out=y)
        xp.multiply(y, 1 / self.beta, out=y)
        xp.maximum(x, y, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.multiply(y, -self.beta, out=slope)  # 1 − exp(−beta · y) = σ(beta · x)
        xp.expm1(slope, out=slope)
        xp.negative(slope, out=slope)
