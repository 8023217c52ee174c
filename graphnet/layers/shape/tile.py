"""Tile: a blob repeated along an axis."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.blob import Array, Shape
from graphnet.declare.fields import PositiveInt
from graphnet.layers.base import Layer, LayerSpec, Reads, Shapes
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size


class Tile(LayerSpec):
    """Repeat the bottom as a whole along an axis: ``a b`` becomes ``a b a b``.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape but along ``axis``, where it is ``tiles`` times as large.
    Args:
        axis: The axis, in ``(N, C, H, W)``; not the batch axis. Default 1.
        tiles: How many times the bottom is there.
    Example:
        - {name: thrice, type: Tile, tiles: 3, bottoms: [grey], tops: [rgb]}
    Source:
        Caffe ``Tile``.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Tile"] = "Tile"
    axis: FeatureAxis = 1
    tiles: PositiveInt

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        axis = axis_of(x, self.axis)
        return [with_size(x, axis, x[axis] * self.tiles)]

    def backward_reads(self) -> Reads:
        return Reads()


class TileLayer(Layer[Tile]):
    """Runs :class:`Tile`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        axis = axis_of(x.shape, self.spec.axis)
        size = x.shape[axis]
        parts = [
            (slice(None),) * axis + (slice(k * size, (k + 1) * size),)
            for k in range(self.spec.tiles)
        ]
        self.tiles: list[Array] = [y.data[part] for part in parts]
        self.diff_tiles: list[Array] = [] if y.diff is None else [y.diff[part] for part in parts]

    def forward(self) -> None:
        for tile in self.tiles:
            self.xp.copyto(tile, self.bottoms[0].data)

    def backward(self) -> None:
        dx, (first, *others) = self.bottoms[0].diff, self.diff_tiles
        if dx is None:
            return
        self.xp.copyto(dx, first)
        for tile in others:
            self.xp.add(dx, tile, out=dx)
