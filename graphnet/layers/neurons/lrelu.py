"""LReLU: leaky rectified linear."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from graphnet.blob import Array
from graphnet.layers.neurons.base import NeuronSpec


class LReLU(NeuronSpec):
    """Leaky rectified linear: x where it is positive, slope · x elsewhere.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        slope: The slope on the negative side, from 0 to 1. Default 0.01.
    Example:
        - {name: lrelu1, type: LReLU, slope: 0.1, bottoms: [x]}
    Source:
        Mocha ``LReLU`` (whose slope is fixed); Maas, Hannun & Ng 2013.
    """

    overwrites: ClassVar[bool] = False  # x is read twice

    type: Literal["LReLU"] = "LReLU"
    slope: float = Field(default=0.01, ge=0, le=1)

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.multiply(x, self.slope, out=y)
        xp.maximum(x, y, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.ceil(y, out=slope)
        xp.clip(slope, self.slope, 1.0, out=slope)
