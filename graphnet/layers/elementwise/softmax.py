"""Softmax: scores to probabilities along one axis."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size


class Softmax(LayerSpec):
    """exp(x) / Σ exp(x) along one axis, for each position separately.

    The largest score is subtracted first, so that nothing overflows. For training, SoftmaxLoss
    on the scores themselves is faster and more exact than this followed by a loss.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; sums to 1 along ``axis``.
    Args:
        axis: The axis it normalises along, in ``(N, C, H, W)``. Default 1.
    Example:
        - {name: prob, type: Softmax, bottoms: [ip2], tops: [prob]}
    Source:
        Mocha ``SoftmaxLayer``, Caffe ``Softmax``.
    """

    each_bottom: ClassVar[bool] = True
    makes: ClassVar[Literal["Softmax"]] = "Softmax"
    overwrites: ClassVar[bool] = True

    type: Literal["Softmax"] = "Softmax"
    axis: FeatureAxis = 1

    @property
    def softmax_axis(self) -> int:
        return self.axis

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        axis_of(bottoms[0], self.axis)
        return [bottoms[0]]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        along = with_size(x, axis_of(x, self.axis), 1)
        return {"along": ScratchDecl(along, blob=True), "product": ScratchDecl(x, blob=True)}

    def backward_reads(self) -> Reads:
        return Reads(tops=(0,))


class SoftmaxLayer(Layer[Softmax]):
    """Runs :class:`Softmax`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        self.axis = axis_of(x.shape, self.spec.axis)
        repeated, xp = self.backend.repeated, self.xp
        along = self.scratch["along"]
        self.max = self.backend.axis_max(x.data, self.axis, along, self.scratch["product"])
        self.subtract_max = repeated(xp.subtract, x.data, along, y.data)
        self.divide = repeated(xp.divide, y.data, along, y.data)
        self.exp = self.backend.elementwise(_exp, y.data)
        self.sum_exp = self.backend.axes_sum(y.data, (self.axis,), along)
        if x.diff is not None:
            in_place = self.xp.may_share_memory(x.diff, y.diff)
            self.product = self.scratch["product"] if in_place else x.diff
            self.multiply = self.backend.elementwise(_multiply, y.diff, y.data, self.product)
            self.sum_product = self.backend.axes_sum(self.product, (self.axis,), along)
            self.subtract_sum = repeated(xp.subtract, y.diff, along, x.diff)

    def forward(self) -> None:
        self.max()
        self.subtract_max()
        self.exp()
        self.sum_exp()
        self.divide()

    def backward(self) -> None:
        """Assign dx = (dy − Σ dy·y) · y."""
        dx, (y,) = self.bottoms[0].diff, self.tops
        if dx is None:
            return
        self.multiply()
        self.sum_product()
        self.subtract_sum()
        self.xp.multiply(dx, y.data, out=dx)


def _exp(xp: Any, y: Array) -> None:
    xp.exp(y, out=y)


def _multiply(xp: Any, a: Array, b: Array, product: Array) -> None:
    xp.multiply(a, b, out=product)
