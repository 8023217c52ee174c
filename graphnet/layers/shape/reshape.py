"""Reshape: the same numbers seen in another shape."""

from __future__ import annotations

from math import prod
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from graphnet.blob import Shape, feature_size, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Binding, LayerSpec, Reads, Shapes
from graphnet.layers.shape.view import ViewLayer


def _sizes(shape: Shape) -> Shape:
    if any(n < 1 and n != -1 for n in shape) or shape.count(-1) > 1:
        raise ValueError(
            f"found {list(shape)}\n  expected positive sizes, of which one may be −1 (the rest)"
        )
    return shape


class Reshape(LayerSpec):
    """See each sample in another shape; the elements keep their order.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: ``(N, *shape)``, a view.
    Args:
        shape: The shape of a sample, without the batch axis; one size may be −1 and takes what is
            left.
    Example:
        - {name: images, type: Reshape, shape: [1, 24, -1], bottoms: [x], tops: [images]}
    Source:
        Mocha ``ReshapeLayer``, Caffe ``Reshape``.
    """

    each_bottom: ClassVar[bool] = True
    views: ClassVar[bool] = True

    type: Literal["Reshape"] = "Reshape"
    shape: Annotated[tuple[int, ...], AfterValidator(_sizes)]

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        rest = prod(n for n in self.shape if n != -1)
        sample = tuple(feature_size(x) // rest if n == -1 else n for n in self.shape)
        if prod(sample) != feature_size(x):
            raise ShapeError(
                f"a bottom of shape {shape_text(x)} has {feature_size(x)} elements a sample, "
                f"which do not fit into shape {list(self.shape)}"
            )
        return [(x[0], *sample)]

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> ViewLayer:
        return ViewLayer(self, binding)
