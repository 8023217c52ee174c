"""Concat: several blobs one after another along an axis."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Literal

from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Arity, Layer, LayerSpec, Reads, Shapes, at_least
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size, without


class Concat(LayerSpec):
    """Put the bottoms one after another along an axis, by default the channels.

    Bottoms:
        each: ``(N, …)``; all sizes but that along ``axis`` are equal.
    Tops:
        0: the same shape but along ``axis``, where the sizes add up.
    Args:
        axis: The axis, in ``(N, C, H, W)``; not the batch axis. Default 1.
    Example:
        - {name: both, type: Concat, bottoms: [a, b], tops: [ab]}
    Source:
        Mocha ``ConcatLayer``, Caffe ``Concat``.
    """

    n_bottoms: ClassVar[Arity] = at_least(1)

    type: Literal["Concat"] = "Concat"
    axis: FeatureAxis = 1

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        first = bottoms[0]
        axis = axis_of(first, self.axis)
        for other in bottoms[1:]:
            if len(other) != len(first) or without(other, axis) != without(first, axis):
                raise ShapeError(
                    f"bottoms of shapes {shape_text(first)} and {shape_text(other)} cannot be put "
                    f"one after another along axis {axis}"
                    "\n  expected equal sizes along all other axes"
                )
        return [with_size(first, axis, sum(shape[axis] for shape in bottoms))]

    def backward_reads(self) -> Reads:
        return Reads()


class ConcatLayer(Layer[Concat]):
    """Runs :class:`Concat`."""

    def setup(self) -> None:
        (y,) = self.tops
        axis, start, copy = axis_of(y.shape, self.spec.axis), 0, self.xp.copyto
        forward: list[Callable[[], None]] = []
        backward: list[Callable[[], None]] = []
        for x in self.bottoms:
            part = (slice(None),) * axis + (slice(start, start + x.shape[axis]),)
            start += x.shape[axis]
            forward.append(partial(copy, y.data[part], x.data))
            if x.diff is not None and y.diff is not None:
                backward.append(partial(copy, x.diff, y.diff[part]))
        together = self.backend.concurrently
        self.bind_passes(forward=together(forward), backward=together(backward))
