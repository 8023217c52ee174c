"""Argmax: which class has the largest score."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Shape
from graphnet.layers.base import Binding, Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size


class Argmax(LayerSpec):
    """The index of the largest element along an axis, as a float; of equal ones the first.

    Where an element is NaN the index is 0. No gradient goes through it.

    Bottoms:
        each: ``(N, C, …)``.
    Tops:
        each: the same shape with size 1 along ``axis``.
    Args:
        axis: The axis, in ``(N, C, H, W)``. Default 1.
    Example:
        - {name: class, type: Argmax, bottoms: [prob], tops: [class]}
    Source:
        Mocha ``ArgmaxLayer``.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Argmax"] = "Argmax"
    axis: FeatureAxis = 1

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        return [with_size(x, axis_of(x, self.axis), 1)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return {
            "less": ScratchDecl(bottoms[0], "bool", blob=True),
            "number": ScratchDecl(bottoms[0], blob=True),
        }

    def n_indices(self, bottoms: Shapes) -> int:
        return bottoms[0][axis_of(bottoms[0], self.axis)]

    def backward_reads(self) -> Reads:
        return Reads()

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()

    def build(self, binding: Binding) -> ArgmaxLayer:
        return ArgmaxLayer(self, binding)


class ArgmaxLayer(Layer[Argmax]):
    """Runs :class:`Argmax`."""

    def setup(self) -> None:
        self.x, self.y = self.bottoms[0].data, self.tops[0].data
        self.axis = axis_of(self.x.shape, self.spec.axis)
        self.n = self.x.shape[self.axis]
        along = with_size((1,) * self.x.ndim, self.axis, self.n)
        self.numbers = self.xp.arange(self.n, dtype=self.dtype).reshape(along)

    def forward(self) -> None:
        xp, less, number = self.xp, self.scratch["less"], self.scratch["number"]
        self.x.max(axis=self.axis, keepdims=True, out=self.y)
        xp.less(self.x, self.y, out=less)
        xp.copyto(number, less)
        xp.multiply(number, self.n, out=number)  # out of the way where it is not the maximum
        xp.add(number, self.numbers, out=number)
        number.min(axis=self.axis, keepdims=True, out=self.y)
