"""Pooling: the maximum or the mean of sliding windows."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend
from graphnet.layers.base import Layer, ScratchDecls, Shapes
from graphnet.layers.images.pooled import PooledWindows, PoolingOverSides


class Pooling(PooledWindows, PoolingOverSides):
    """The maximum or the mean of windows slid over each channel.

    Along each side the top has ``ceil((n + 2·pad − kernel) / stride) + 1`` places: the last
    window may hang over the edge. Where there is padding, a last window that would start in it
    is dropped. With ``round_mode: floor`` the division is rounded down: all windows lie within
    the padded image, and what they do not reach counts for nothing. Of equal maxima the first in
    row-major order takes the gradient; a NaN in a window makes its maximum NaN.

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C, H', W')``.
    Args:
        pooling: ``Max`` (default) or ``Mean``.
        kernel: ``[height, width]`` of the windows.
        stride: The step from one window to the next, ``[height, width]``. Default 1.
        pad: Rows added ``[above and below, left and right]``; less than the kernel. Default 0.
        global: One window over the whole plane, instead of kernel, stride and pad.
        divisor: What a mean divides by: all of the ``kernel`` (default), the part of the window
            within the ``padded`` image, or the ``valid`` part, within the image itself.
        round_mode: ``ceil`` (default) or ``floor``: how many windows there are where they do not
            fit exactly.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: pool1, type: Pooling, kernel: [2, 2], stride: [2, 2], bottoms: [conv1],
           tops: [pool1]}
        - {name: mean, type: Pooling, pooling: Mean, global: true, bottoms: [pool1], tops: [mean]}
    Source:
        Mocha ``PoolingLayer`` (divisor ``kernel``), Caffe ``Pooling`` (divisor ``padded``). Both
        let a window lie wholly outside the image; here that is an error. PyTorch rounds down
        unless ``ceil_mode`` is set.
    """

    takes_images: ClassVar[bool] = True

    type: Literal["Pooling"] = "Pooling"

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        return dict(backend.pool2d_scratch(self.pooling, self.window(x), x, y, backward=backward))


class PoolingLayer(Layer[Pooling]):
    """Runs :class:`Pooling`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        op = self.backend.pool2d(
            self.spec.pooling,
            self.spec.window(x.shape),
            self.spec.divisor,
            x.data,
            y.data,
            x.diff,
            y.diff,
            self.scratch,
        )
        self.bind_passes(forward=op.forward, backward=op.backward)
