"""Flatten: several axes of a sample seen as one."""

from __future__ import annotations

from math import prod
from typing import ClassVar, Literal

from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Binding, LayerSpec, Reads, Shapes
from graphnet.layers.shape.axis import FeatureAxis, axis_of
from graphnet.layers.shape.view import ViewLayer


class Flatten(LayerSpec):
    """See the axes from ``axis`` to ``end_axis`` as one; the elements keep their order.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: ``(N, D)`` by default, a view.
    Args:
        axis: The first axis to join, in ``(N, C, H, W)``; not the batch axis. Default 1.
        end_axis: The last axis to join. Default −1, the last of all.
    Example:
        - {name: flat, type: Flatten, bottoms: [pool2], tops: [flat]}
    Source:
        Caffe ``Flatten``.
    """

    each_bottom: ClassVar[bool] = True
    views: ClassVar[bool] = True

    type: Literal["Flatten"] = "Flatten"
    axis: FeatureAxis = 1
    end_axis: FeatureAxis = -1

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        first, last = axis_of(x, self.axis), axis_of(x, self.end_axis)
        if first > last:
            raise ShapeError(
                f"axis {self.axis} lies behind end_axis {self.end_axis} in a bottom of shape "
                f"{shape_text(x)}"
            )
        return [(*x[:first], prod(x[first : last + 1]), *x[last + 1 :])]

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> ViewLayer:
        return ViewLayer(self, binding)
