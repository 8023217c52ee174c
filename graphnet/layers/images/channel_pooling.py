"""ChannelPooling: the maximum or the mean of windows along one axis."""

from __future__ import annotations

from math import ceil
from typing import ClassVar, Literal

from pydantic import model_validator

from graphnet.backend.base import Backend, PoolingKind
from graphnet.backend.window import Window
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import NonNegativePair, PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.shape.axis import FeatureAxis, axis_of, fold, folded, with_size


class ChannelPooling(LayerSpec):
    """The maximum or the mean of windows slid along one axis, by default over the channels.

    The top has ``ceil((n + before + after − kernel) / stride) + 1`` places along the axis, less
    one if the last window would start in the trailing padding. A mean divides by all of the
    kernel. Of equal maxima the first takes the gradient.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape but along ``axis``.
    Args:
        pooling: ``Max`` (default) or ``Mean``.
        kernel: Size of the windows. Default 1.
        stride: The length of a step. Default 1.
        pad: ``[before, after]``, each less than the kernel. Default 0.
        axis: The axis, in ``(N, C, H, W)``. Default 1.
    Example:
        - {name: pool, type: ChannelPooling, kernel: 2, stride: 2, bottoms: [conv], tops: [pool]}
    Source:
        Mocha ``ChannelPoolingLayer`` (which lets a window lie in the padding alone).
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["ChannelPooling"] = "ChannelPooling"
    pooling: PoolingKind = "Max"
    kernel: PositiveInt = 1
    stride: PositiveInt = 1
    pad: NonNegativePair = (0, 0)
    axis: FeatureAxis = 1

    @model_validator(mode="after")
    def _check_window(self) -> ChannelPooling:
        if max(self.pad) >= self.kernel:
            raise ValueError(
                f"pad {list(self.pad)} must be less than kernel {self.kernel}, or a window would "
                "lie in the padding alone"
            )
        return self

    @property
    def window(self) -> Window:
        """Its geometry on a bottom folded to ``(N, before, n, after)``."""
        return Window((self.kernel, 1), (self.stride, 1), (self.pad[0], 0))

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        axis = axis_of(x, self.axis)
        n = x[axis]
        places = ceil((n + sum(self.pad) - self.kernel) / self.stride) + 1
        if (places - 1) * self.stride >= n + self.pad[0]:
            places -= 1
        if places < 1:
            raise ShapeError(
                f"a window of kernel {self.kernel} does not fit into axis {axis} of a bottom of "
                f"shape {shape_text(x)} with pad {list(self.pad)}"
            )
        return [with_size(x, axis, places)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        axis = axis_of(bottoms[0], self.axis)
        x, y = folded(bottoms[0], axis), folded(self.top_shapes(bottoms)[0], axis)
        return dict(backend.pool2d_scratch(self.pooling, self.window, x, y, backward=backward))

    def backward_reads(self) -> Reads:
        return Reads()


class ChannelPoolingLayer(Layer[ChannelPooling]):
    """Runs :class:`ChannelPooling`: pooling over the plane ``(axis, the axes after it)``."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        axis = axis_of(x.shape, self.spec.axis)
        op = self.backend.pool2d(
            self.spec.pooling,
            self.spec.window,
            "kernel",
            fold(x.data, axis),
            fold(y.data, axis),
            None if x.diff is None else fold(x.diff, axis),
            None if y.diff is None else fold(y.diff, axis),
            self.scratch,
        )
        self.bind_passes(forward=op.forward, backward=op.backward)
