"""BNLL: a rectifier that bends smoothly."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.layers.neurons.base import NeuronSpec

LARGE = 80.0  # exp is finite in any precision, and log(1 + exp(x)) is x to the last bit


class BNLL(NeuronSpec):
    """Binomial normal log likelihood: log(1 + exp(x)), also called softplus.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Example:
        - {name: sigma, type: BNLL, bottoms: [x], tops: [sigma]}
    Source:
        Caffe ``BNLL``; Dugas et al. 2001.
    """

    overwrites: ClassVar[bool] = False  # x is read twice

    type: Literal["BNLL"] = "BNLL"

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.clip(x, -xp.inf, LARGE, out=y)
        xp.exp(y, out=y)
        xp.log1p(y, out=y)
        xp.maximum(x, y, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.negative(y, out=slope)  # 1 − exp(−y) = σ(x)
        xp.expm1(slope, out=slope)
        xp.negative(slope, out=slope)
