"""Clip: the nearest number between two bounds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from graphnet.blob import Array
from graphnet.layers.elementwise.function import ElementwiseFunction


class Clip(ElementwiseFunction):
    """The nearest number from min to max; the gradient passes there, both bounds included.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape.
    Args:
        min: The lower bound.
        max: The upper bound, not less than ``min``.
    Example:
        - {name: relu6, type: Clip, min: 0, max: 6, bottoms: [x], tops: [y]}
    Source:
        Caffe ``Clip``.
    """

    type: Literal["Clip"] = "Clip"
    min: float
    max: float

    @model_validator(mode="after")
    def _check_bounds(self) -> Clip:
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) must not exceed max ({self.max})")
        return self

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.clip(x, self.min, self.max, out=y)

    def differentiate(self, xp: Any, x: Array, dy: Array, dx: Array, *scratch: Array) -> None:
        xp.clip(x, self.min, self.max, out=dx)
        xp.equal(dx, x, out=dx)  # 1 where nothing was clipped
        xp.multiply(dx, dy, out=dx)
