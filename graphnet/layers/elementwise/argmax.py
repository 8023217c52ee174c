"""Argmax: which classes have the largest scores."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size


class Argmax(LayerSpec):
    """The index of the largest element along an axis, as a float; of equal ones the first.

    With ``top_k`` the k largest ones, the largest first. Where an element is NaN the indices
    begin with 0, and tell nothing. No gradient goes through it.

    Bottoms:
        each: ``(N, C, …)``.
    Tops:
        each: the same shape with size ``top_k`` along ``axis``.
    Args:
        axis: The axis, in ``(N, C, H, W)``. Default 1.
        top_k: How many of the largest ones. Default 1.
        values: Whether the elements themselves are given in place of their indices. Default
            false.
    Example:
        - {name: class, type: Argmax, bottoms: [prob], tops: [class]}
        - {name: likely, type: Argmax, top_k: 2, values: true, bottoms: [prob], tops: [likely]}
    Source:
        Mocha ``ArgmaxLayer``; Caffe ``ArgMax`` with an axis (which takes the last of equal ones).
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Argmax"] = "Argmax"
    axis: FeatureAxis = 1
    top_k: PositiveInt = 1
    values: bool = False

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        axis = axis_of(x, self.axis)
        if self.top_k > x[axis]:
            raise ShapeError(
                f"top_k {self.top_k} is more than the {x[axis]} places along axis {axis} of a"
                f" bottom of shape {shape_text(x)}"
            )
        return [with_size(x, axis, self.top_k)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        decls = {
            "less": ScratchDecl(x, "bool", blob=True),
            "number": ScratchDecl(x, blob=True),
        }
        if self.top_k > 1:
            of_each = with_size(x, axis_of(x, self.axis), 1)
            decls |= {
                "taken": ScratchDecl(x, "bool", blob=True),
                "best": ScratchDecl(of_each, blob=True),
                "index": ScratchDecl(of_each, blob=True),
            }
        return decls

    def n_indices(self, bottoms: Shapes) -> int:
        return bottoms[0][axis_of(bottoms[0], self.axis)]

    def backward_reads(self) -> Reads:
        return Reads()

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()


class ArgmaxLayer(Layer[Argmax]):
    """Runs :class:`Argmax`."""

    x: Any  # NumPy 2.5's types refuse max(keepdims=True, out=…)

    def setup(self) -> None:
        self.x, self.y = self.bottoms[0].data, self.tops[0].data
        self.axis = axis_of(self.x.shape, self.spec.axis)
        self.n = self.x.shape[self.axis]
        along = with_size((1,) * self.x.ndim, self.axis, self.n)
        self.numbers = self.xp.arange(self.n, dtype=self.dtype).reshape(along)

    def forward(self) -> None:
        if self.spec.top_k > 1:
            self.find_several()
        else:
            self.x.max(axis=self.axis, keepdims=True, out=self.y)
            if not self.spec.values:
                self.xp.less(self.x, self.y, out=self.scratch["less"])
                self.write_first(self.y)

    def write_first(self, index: Array) -> None:
        """The first place that is not ``less``."""
        xp = self.xp
        number: Any = self.scratch["number"]
        xp.copyto(number, self.scratch["less"])
        xp.multiply(number, self.n, out=number)  # out of the way where it is not the maximum
        xp.add(number, self.numbers, out=number)
        number.min(axis=self.axis, keepdims=True, out=index)

    def find_several(self) -> None:
        """One after another, each among those that are not yet taken."""
        xp, less, taken = self.xp, self.scratch["less"], self.scratch["taken"]
        number: Any = self.scratch["number"]
        best, index = self.scratch["best"], self.scratch["index"]
        taken.fill(False)
        for k in range(self.spec.top_k):
            xp.copyto(number, self.x)
            xp.copyto(number, -xp.inf, where=taken)
            number.max(axis=self.axis, keepdims=True, out=best)
            xp.less(self.x, best, out=less)
            xp.logical_or(less, taken, out=less)
            self.write_first(index)
            xp.equal(self.numbers, index, out=less)
            xp.logical_or(taken, less, out=taken)
            place = (slice(None),) * self.axis + (slice(k, k + 1),)
            xp.copyto(self.y[place], best if self.spec.values else index)
