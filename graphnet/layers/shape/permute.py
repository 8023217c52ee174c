"""Permute: the axes of a sample in another order."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, Shapes


class Permute(LayerSpec):
    """Put the axes of each sample into another order; the batch axis stays the first.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the axis i + 1 of the top is the axis ``axes[i]`` of the bottom: ``(N, C, H, W)``
            becomes ``(N, H, W, C)`` with ``axes: [2, 3, 1]``.
    Args:
        axes: All axes of the bottom but the batch axis, each once, in ``(N, C, H, W)``.
    Example:
        - {name: last, type: Permute, axes: [2, 3, 1], bottoms: [conv1], tops: [channels_last]}
    Source:
        Caffe ``Permute`` of SSD (Liu et al. 2016, arXiv 1512.02325), whose ``order`` begins with
        the batch axis.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Permute"] = "Permute"
    axes: tuple[PositiveInt, ...]

    @model_validator(mode="after")
    def _check_axes(self) -> Permute:
        if sorted(self.axes) != list(range(1, len(self.axes) + 1)):
            raise ValueError(
                f"axes {list(self.axes)} are no order of a sample's axes\n  expected each of 1 to"
                f" {max(1, len(self.axes))} once, such as [2, 3, 1]; the batch axis stays"
            )
        return self

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        if len(x) != len(self.axes) + 1:
            raise ShapeError(
                f"axes {list(self.axes)} do not fit a bottom of shape {shape_text(x)}"
                f"\n  expected {len(x) - 1} of them, one for each axis but the batch axis"
            )
        return [(x[0], *(x[axis] for axis in self.axes))]

    def backward_reads(self) -> Reads:
        return Reads()


class PermuteLayer(Layer[Permute]):
    """Runs :class:`Permute`."""

    def setup(self) -> None:
        (x,), order = self.bottoms, (0, *self.spec.axes)
        self.turned = x.data.transpose(order)
        self.turned_diff: Array | None = None if x.diff is None else x.diff.transpose(order)

    def forward(self) -> None:
        self.xp.copyto(self.tops[0].data, self.turned)

    def backward(self) -> None:
        if self.turned_diff is not None:
            self.xp.copyto(self.turned_diff, self.tops[0].diff)
