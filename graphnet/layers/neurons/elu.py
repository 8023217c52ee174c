"""ELU: a rectifier that levels off on the negative side."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.declare.fields import NonNegativeFloat
from graphnet.layers.neurons.base import NeuronSpec


class ELU(NeuronSpec):
    """Exponential linear: x where it is positive, alpha · (exp(x) − 1) elsewhere.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        alpha: How far the top goes below 0, at least 0. Default 1.
    Example:
        - {name: elu1, type: ELU, bottoms: [x]}
    Source:
        Clevert, Unterthiner & Hochreiter 2015, arXiv 1511.07289; Caffe ``ELU``.
    """

    needs_scratch: ClassVar[bool] = True

    type: Literal["ELU"] = "ELU"
    alpha: NonNegativeFloat = 1.0

    def apply(self, xp: Any, x: Array, y: Array, *scratch: Array) -> None:
        (negative,) = scratch
        xp.clip(x, -xp.inf, 0.0, out=negative)
        xp.expm1(negative, out=negative)
        if self.alpha == 1:  # exp(x) − 1 is never less than x
            xp.maximum(x, negative, out=y)
            return
        xp.clip(x, 0.0, xp.inf, out=y)
        xp.multiply(negative, self.alpha, out=negative)
        xp.add(y, negative, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array, *scratch: Array) -> None:
        xp.clip(y, -xp.inf, 0.0, out=slope)
        xp.add(slope, self.alpha, out=slope)  # alpha · exp(x), where x is not positive
        if self.alpha != 1:
            (positive,) = scratch
            xp.ceil(y, out=positive)
            xp.clip(positive, 0.0, 1.0, out=positive)
            xp.multiply(positive, 1 - self.alpha, out=positive)
            xp.add(slope, positive, out=slope)
