"""AbsVal: the absolute value."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.blob import Array
from graphnet.layers.elementwise.function import ElementwiseFunction
from graphnet.layers.elementwise.signs import write_sign


class AbsVal(ElementwiseFunction):
    """The absolute value; its gradient at 0 is 0.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape.
    Example:
        - {name: abs1, type: AbsVal, bottoms: [x], tops: [abs1]}
    Source:
        Caffe ``AbsVal``.
    """

    type: Literal["AbsVal"] = "AbsVal"

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.absolute(x, out=y)

    def differentiate(self, xp: Any, x: Array, dy: Array, dx: Array, *scratch: Array) -> None:
        write_sign(xp, x, dx)
        xp.multiply(dx, dy, out=dx)
