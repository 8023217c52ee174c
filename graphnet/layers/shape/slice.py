"""Slice: a blob cut into several along an axis."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Literal

from pydantic import model_validator

from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Arity, Layer, LayerSpec, Reads, Shapes, at_least
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size


class Slice(LayerSpec):
    """Cut the bottom into its tops along an axis, by default the channels.

    Bottoms:
        0: ``(N, …)``.
    Tops:
        each: the same shape but along ``axis``.
    Args:
        axis: The axis, in ``(N, C, H, W)``; not the batch axis. Default 1.
        slice_points: The indices along the axis where the tops after the first begin. Default:
            all tops are of one size.
    Example:
        - {name: halves, type: Slice, bottoms: [ab], tops: [a, b]}
        - {name: parts, type: Slice, slice_points: [2, 3], bottoms: [x], tops: [two, one, rest]}
    Source:
        Caffe ``Slice``.
    """

    n_tops: ClassVar[Arity] = at_least(1)

    type: Literal["Slice"] = "Slice"
    axis: FeatureAxis = 1
    slice_points: tuple[PositiveInt, ...] | None = None

    @model_validator(mode="after")
    def _check_points(self) -> Slice:
        points = self.slice_points
        if points is None:
            return self
        if any(a >= b for a, b in pairwise(points)):
            raise ValueError(f"slice_points {list(points)} must rise from each to the next")
        if len(points) != len(self.tops) - 1:
            raise ValueError(
                f"{len(points)} slice_points cut into {len(points) + 1} parts, but there are "
                f"{len(self.tops)} tops"
            )
        return self

    def edges(self, bottom: Shape) -> tuple[int, ...]:
        """Where the tops begin along the axis, and the end.

        Raises:
            ShapeError: If the axis cannot be cut so.
        """
        axis = axis_of(bottom, self.axis)
        size, n_parts = bottom[axis], max(1, len(self.tops))
        if size == 0:
            raise ShapeError(
                f"axis {axis} of a bottom of shape {shape_text(bottom)} has no places to be cut"
            )
        if self.slice_points is None:
            if size % n_parts:
                raise ShapeError(
                    f"the {size} places along axis {axis} of a bottom of shape "
                    f"{shape_text(bottom)} cannot be cut into {n_parts} equal parts"
                    "\n  expected slice_points that say where to cut"
                )
            return tuple(range(0, size + 1, size // n_parts))
        if self.slice_points and self.slice_points[-1] >= size:
            raise ShapeError(
                f"slice_points {list(self.slice_points)} go beyond axis {axis} of a bottom of "
                f"shape {shape_text(bottom)}\n  expected less than {size}"
            )
        return (0, *self.slice_points, size)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        axis = axis_of(x, self.axis)
        return [with_size(x, axis, stop - start) for start, stop in pairwise(self.edges(x))]

    def backward_reads(self) -> Reads:
        return Reads()


class SliceLayer(Layer[Slice]):
    """Runs :class:`Slice`."""

    def setup(self) -> None:
        (x,) = self.bottoms
        axis = axis_of(x.shape, self.spec.axis)
        parts = [
            (slice(None),) * axis + (slice(start, stop),)
            for start, stop in pairwise(self.spec.edges(x.shape))
        ]
        self.copies: list[tuple[Array, Array]] = [
            (top.data, x.data[part]) for top, part in zip(self.tops, parts, strict=True)
        ]
        self.diff_copies: list[tuple[Array, Array | int]] = []
        if x.diff is not None:
            self.diff_copies = [  # a top that sends nothing sends zeros
                (x.diff[part], 0 if top.diff is None else top.diff)
                for top, part in zip(self.tops, parts, strict=True)
            ]

    def forward(self) -> None:
        for top, part in self.copies:
            self.xp.copyto(top, part)

    def backward(self) -> None:
        for part, diff in self.diff_copies:
            self.xp.copyto(part, diff)
