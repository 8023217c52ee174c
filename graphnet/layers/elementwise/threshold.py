"""Threshold: a step from 0 to 1."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.layers.base import Reads
from graphnet.layers.elementwise.function import ElementwiseFunction


class Threshold(ElementwiseFunction):
    """1 where x is above the threshold, 0 elsewhere; no gradient flows through it.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape.
    Args:
        threshold: The number that x must exceed. Default 0.
    Example:
        - {name: binary, type: Threshold, threshold: 0.5, bottoms: [x], tops: [binary]}
    Source:
        Caffe ``Threshold``.
    """

    overwrites: ClassVar[bool] = True

    type: Literal["Threshold"] = "Threshold"
    threshold: float = 0.0

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()

    def backward_reads(self) -> Reads:
        return Reads()

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.greater(x, self.threshold, out=y)
