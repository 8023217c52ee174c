"""Reduction: the last axes of a blob summed up."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.elementwise.signs import write_sign
from graphnet.layers.shape.axis import FeatureAxis, axis_of

Operation = Literal["Sum", "AbsSum", "SquareSum", "Mean"]


class Reduction(LayerSpec):
    """Sum up ``axis`` and all axes behind it, by default all of a sample to one number.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the axes before ``axis``; by default ``(N,)``.
    Args:
        operation: ``Sum`` (default), ``AbsSum`` (of absolute values), ``SquareSum`` (of squares)
            or ``Mean``.
        axis: The first axis that is summed over, in ``(N, C, H, W)``; not the batch axis.
            Default 1.
        coef: What the result is multiplied by. Default 1.
    Example:
        - {name: energy, type: Reduction, operation: SquareSum, coef: 0.5, bottoms: [x], tops: [e]}
    Source:
        Caffe ``Reduction`` (SUM, ASUM, SUMSQ, MEAN), whose ``axis`` is 0 by default: a sum over
        the batch, which here is what a loss does.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Reduction"] = "Reduction"
    operation: Operation = "Sum"
    axis: FeatureAxis = 1
    coef: float = 1.0

    @property
    def is_linear(self) -> bool:
        """Whether the gradient is the same for any bottom."""
        return self.operation in ("Sum", "Mean")

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        return [x[: axis_of(x, self.axis)]]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        decls = {}
        if not self.is_linear:
            decls["terms"] = ScratchDecl(bottoms[0], blob=True)
        if backward:
            decls["share"] = ScratchDecl(self.top_shapes(bottoms)[0], blob=True)
        return decls

    def backward_reads(self) -> Reads:
        return Reads() if self.is_linear else Reads(bottoms=(0,))


class ReductionLayer(Layer[Reduction]):
    """Runs :class:`Reduction`."""

    def setup(self) -> None:
        (x,), (y,), operation = self.bottoms, self.tops, self.spec.operation
        axes = range(len(y.shape), len(x.shape))
        self.beside = y.shape + (1,) * len(axes)
        self.factor = self.spec.coef
        if operation == "Mean":
            self.factor /= prod(x.shape[len(y.shape) :])
        elementwise, self.terms = self.backend.elementwise, x.data
        self.write_terms = self.write_slopes = None
        if operation in _TERMS:
            self.terms, (terms, slopes) = self.scratch["terms"], _TERMS[operation]
            self.write_terms = elementwise(terms, x.data, self.terms)
            if x.diff is not None:
                self.write_slopes = elementwise(slopes, x.data, x.diff)
        self.add_up = self.backend.axes_sum(self.terms, axes, y.data)

    def forward(self) -> None:
        y = self.tops[0].data
        if self.write_terms is not None:
            self.write_terms()
        self.add_up()
        self.xp.multiply(y, self.factor, out=y)

    def backward(self) -> None:
        """Give each element its term's slope times the share its sum has of the objective."""
        dx, dy = self.bottoms[0].diff, self.tops[0].diff
        if dx is None:
            return
        share = self.xp.multiply(dy, self.factor, out=self.scratch["share"])
        share = share.reshape(self.beside)
        if self.write_slopes is None:
            self.xp.copyto(dx, share)
        else:
            self.write_slopes()
            self.xp.multiply(dx, share, out=dx)


def _square(xp: Any, x: Array, out: Array) -> None:
    xp.multiply(x, x, out=out)


def _square_slope(xp: Any, x: Array, out: Array) -> None:
    xp.multiply(x, 2.0, out=out)


def _absolute(xp: Any, x: Array, out: Array) -> None:
    xp.absolute(x, out=out)


def _absolute_slope(xp: Any, x: Array, out: Array) -> None:
    write_sign(xp, x, out)


_TERMS = {"AbsSum": (_absolute, _absolute_slope), "SquareSum": (_square, _square_slope)}
