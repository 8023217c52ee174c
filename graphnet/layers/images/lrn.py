"""LRN: local response normalisation, across channels or within them."""

from __future__ import annotations

from math import floor, log2, prod
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape
from graphnet.declare.fields import PositiveInt
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_images
from graphnet.layers.elementwise.raising import raise_to
from graphnet.layers.shape.axis import FeatureAxis, axis_of, fold, folded

_IMAGES = 4  # axes of (N, C, H, W)


class LRN(LayerSpec):
    """x / (shift + scale · m) ^ power, where m is the mean of x² over a window around each element.

    The window is ``kernel`` neighbours along ``axis``, or in mode ``WithinChannel`` a square of
    ``kernel`` by ``kernel`` pixels; what lies outside counts as zero, and the mean always divides
    by the whole window. What is raised to the power is at most the largest number of the precision,
    which for numbers beyond 10^19 it would exceed in float32 (beyond 10^21 with a scale of 0.0001):
    there the top is x times a constant, larger than it should be and finite, and so is the diff.

    Bottoms:
        0: ``(N, …)``; for ``WithinChannel`` ``(N, C, H, W)``.
    Tops:
        0: the same shape.
    Args:
        kernel: Size of the window; odd for ``WithinChannel``. Default 5.
        scale: What the mean is multiplied by. Default 1.
        shift: What is added to that. Default 1.
        power: The exponent of the divisor. Default 0.75.
        mode: ``AcrossChannel`` (default) or ``WithinChannel``.
        axis: The axis that ``AcrossChannel`` looks along, in ``(N, C, H, W)``. Default 1.
    Example:
        - {name: norm1, type: LRN, kernel: 5, scale: 0.0001, bottoms: [pool1], tops: [norm1]}
        - {name: norm2, type: LRN, kernel: 3, mode: WithinChannel, bottoms: [norm1], tops: [norm2]}
    Source:
        Krizhevsky et al. 2012; Mocha ``LRNLayer``; Caffe ``LRN`` (whose WITHIN_CHANNEL divides
        by the part of the window inside the padded image).
    """

    type: Literal["LRN"] = "LRN"
    kernel: PositiveInt = 5
    scale: float = 1.0
    shift: float = 1.0
    power: float = 0.75
    mode: Literal["AcrossChannel", "WithinChannel"] = "AcrossChannel"
    axis: FeatureAxis = 1

    @model_validator(mode="after")
    def _check_window(self) -> LRN:
        if self.mode == "WithinChannel" and self.kernel % 2 == 0:
            raise ValueError(f"WithinChannel needs an odd kernel, found {self.kernel}")
        return self

    @property
    def window(self) -> Window:
        """The geometry of the mean; an even kernel looks one further ahead than back."""
        pad = (self.kernel - 1) // 2
        if self.mode == "WithinChannel":
            return Window((self.kernel, self.kernel), pad=(pad, pad))
        return Window((self.kernel, 1), pad=(pad, 0))

    def seen(self, x: Shape) -> Shape:
        """The bottom's shape as the mean sees it."""
        return x if self.mode == "WithinChannel" else folded(x, axis_of(x, self.axis))

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        if self.mode == "AcrossChannel":
            axis_of(x, self.axis)
        else:
            check_images(x)
        return [x]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        x = self.seen(bottoms[0])
        decls = dict(backend.pool2d_scratch("Mean", self.window, x, x, backward=backward))
        decls["square"] = ScratchDecl(x, blob=True)
        decls["base"] = ScratchDecl(x, lifetime="pass" if backward else "call", blob=True)
        if backward:
            decls["share"] = ScratchDecl(x, blob=True)
        return decls

    def backward_reads(self) -> Reads:
        return Reads(bottoms=(0,), tops=(0,))


class LRNLayer(Layer[LRN]):
    """Runs :class:`LRN`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        data, top, dx, dy = (self.view(a) for a in (x.data, y.data, x.diff, y.diff))
        square, base = self.scratch["square"], self.scratch["base"]
        share: Any = self.scratch.get("share")
        bind, self.largest = self.backend.elementwise, float(np.finfo(self.dtype).max)
        # the gradient through the mean comes back into the memory of the squares
        self.mean = self.backend.pool2d(
            "Mean", self.spec.window, "kernel", square, base,
            None if dx is None else square, share, self.scratch,
        )  # fmt: skip
        # a power of two, which changes no bits: squares are as small as what they are scaled to
        whole = abs(self.spec.scale) / prod(self.spec.window.kernel)
        self.shrink = 2.0 ** floor(log2(whole) / 2) if whole else 1.0
        self.scale = self.spec.scale / self.shrink**2
        self.write_square = bind(self.square, data, square)
        self.normalise = bind(self.write_top, data, base, top)
        if dx is not None:
            self.write_share = bind(_share, dy, top, base, share)
            self.write_diff = bind(self.add_up, data, base, dy, square, dx)

    def view(self, array: Array | None) -> Any:
        """An array of the bottom's shape as the mean sees it."""
        if array is None or self.spec.mode == "WithinChannel":
            return array
        return fold(array, axis_of(tuple(array.shape), self.spec.axis))

    def forward(self) -> None:
        self.write_square()
        self.mean.forward()
        self.normalise()

    def backward(self) -> None:
        """Assign dx = dy · base^−power − 2 · scale · power · x · Σ (dy · y / base) / kernel."""
        if self.bottoms[0].diff is None:
            return
        self.write_share()
        self.mean.backward()
        self.write_diff()

    def square(self, xp: Any, x: Array, square: Array) -> None:
        """``(shrink · x)²``, for a block of elements."""
        xp.multiply(x, self.shrink, out=square)
        xp.multiply(square, square, out=square)

    def write_top(self, xp: Any, x: Array, base: Array, y: Array) -> None:
        """``base = shift + scale · mean`` and ``y = x · base^−power``, for a block of elements."""
        xp.multiply(base, self.scale, out=base)
        xp.add(base, self.spec.shift, out=base)
        xp.minimum(base, self.largest, out=base)
        _reciprocal_power(xp, base, self.spec.power, y)
        xp.multiply(y, x, out=y)

    def add_up(self, xp: Any, x: Array, base: Array, dy: Array, spread: Array, dx: Array) -> None:
        """Both parts of the gradient, for a block of elements."""
        _reciprocal_power(xp, base, self.spec.power, dx)
        xp.multiply(dx, dy, out=dx)
        xp.multiply(spread, x, out=spread)
        xp.multiply(spread, 2 * self.spec.scale * self.spec.power, out=spread)
        xp.subtract(dx, spread, out=dx)


def _reciprocal_power(xp: Any, base: Array, power: float, out: Array) -> None:
    """``out = base ^ −power``; the usual 0.75 is √√b / b, at a tenth of the cost."""
    if power == 0.75:  # noqa: PLR2004 (the default)
        xp.sqrt(base, out=out)
        xp.sqrt(out, out=out)
        xp.divide(out, base, out=out)
    else:
        raise_to(xp, base, -power, out)


def _share(xp: Any, dy: Array, y: Array, base: Array, share: Array) -> None:
    """What each element's normalisation sends to its window."""
    xp.multiply(dy, y, out=share)
    xp.divide(share, base, out=share)
