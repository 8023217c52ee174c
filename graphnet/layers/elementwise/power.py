"""Power: a scale, a shift and a power of each element."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.elementwise.raising import raise_to


class Power(LayerSpec):
    """(scale · x + shift) ^ power, element by element.

    The gradient is power · scale · (scale · x + shift) ^ (power − 1). A negative base with a
    power that is no whole number gives NaN.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape.
    Args:
        power: The exponent. Default 1.
        scale: What x is multiplied by. Default 1.
        shift: What is added to that. Default 0.
    Example:
        - {name: square, type: Power, power: 2, bottoms: [x], tops: [x2]}
        - {name: centre, type: Power, scale: 2, shift: -1, bottoms: [x2], tops: [y]}
    Source:
        Mocha ``PowerLayer`` (whose gradient is NaN where the base is 0), Caffe ``Power``.
    """

    each_bottom: ClassVar[bool] = True
    overwrites: ClassVar[bool] = True

    type: Literal["Power"] = "Power"
    power: float = 1.0
    scale: float = 1.0
    shift: float = 0.0

    @property
    def is_linear(self) -> bool:
        """Whether the gradient is the same everywhere."""
        return self.power in (0, 1) or self.scale == 0

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        if not backward or self.is_linear:
            return {}
        return {"slope": ScratchDecl(bottoms[0], blob=True)}

    def backward_reads(self) -> Reads:
        return Reads() if self.is_linear else Reads(bottoms=(0,))


class PowerLayer(Layer[Power]):
    """Runs :class:`Power`."""

    def setup(self) -> None:
        (x,), (y,), bind = self.bottoms, self.tops, self.backend.elementwise
        self.bind_passes(forward=bind(self.apply, x.data, y.data))
        if x.diff is None:
            return
        if self.spec.is_linear:
            self.bind_passes(backward=bind(self.multiply, y.diff, x.diff))
        else:
            # the derivative is written where the bottom's diff will be, unless dy lies there
            in_place = self.xp.may_share_memory(x.diff, y.diff)
            slope = self.scratch["slope"] if in_place else x.diff
            self.bind_passes(backward=bind(self.differentiate, x.data, y.diff, slope, x.diff))

    def base(self, xp: Any, x: Array, out: Array) -> Array:
        """``scale · x + shift``, in ``out`` unless it is ``x`` itself."""
        found = x
        if self.spec.scale != 1:
            found = xp.multiply(x, self.spec.scale, out=out)
        if self.spec.shift != 0:
            found = xp.add(found, self.spec.shift, out=out)
        return found

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        """Forward, for a block of elements."""
        raise_to(xp, self.base(xp, x, y), self.spec.power, y)

    def differentiate(self, xp: Any, x: Array, dy: Array, slope: Array, dx: Array) -> None:
        """Backward, for a block of elements."""
        raise_to(xp, self.base(xp, x, slope), self.spec.power - 1, slope)
        xp.multiply(slope, self.spec.power * self.spec.scale, out=slope)
        xp.multiply(slope, dy, out=dx)

    def multiply(self, xp: Any, dy: Array, dx: Array) -> None:
        """Backward where the gradient is a constant."""
        xp.multiply(dy, self.spec.power * self.spec.scale, out=dx)
