"""Pooling1D: the maximum or the mean of windows slid along sequences."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend
from graphnet.backend.window import Window
from graphnet.blob import Shape
from graphnet.declare.fields import NonNegativeInt, PositiveInt
from graphnet.layers.base import Layer, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_sequences
from graphnet.layers.images.one_row import with_row
from graphnet.layers.images.pooled import PoolingOverSides


class Pooling1D(PoolingOverSides):
    """The maximum or the mean of windows slid along each channel of a sequence.

    It is the Pooling of images of one row: the top has
    ``ceil((L + 2·pad − kernel) / stride) + 1`` places, and the last window may hang over the end;
    Pooling says what becomes of the padding, of equal maxima and of NaN.

    Bottoms:
        each: ``(N, C, L)``.
    Tops:
        each: ``(N, C, L')``.
    Args:
        pooling: ``Max`` (default) or ``Mean``.
        kernel: How many places a window spans.
        stride: The step from one window to the next. Default 1.
        pad: Places added on both sides; less than the kernel. Default 0.
        global: One window over the whole sequence, instead of kernel, stride and pad.
        divisor: What a mean divides by: all of the ``kernel`` (default), the part of the window
            within the ``padded`` sequence, or the ``valid`` part, within the sequence itself.
        round_mode: ``ceil`` (default) or ``floor``: how many windows there are where they do not
            fit exactly.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: pool1, type: Pooling1D, kernel: 2, stride: 2, bottoms: [signal], tops: [pool1]}
    Source:
        Neither Mocha nor Caffe has it; PyTorch's ``MaxPool1d`` and ``AvgPool1d`` round down unless
        ``ceil_mode`` is set.
    """

    sides: ClassVar[tuple[str, ...]] = ("length",)

    type: Literal["Pooling1D"] = "Pooling1D"
    kernel: PositiveInt | None = None
    stride: PositiveInt = 1
    pad: NonNegativeInt = 0

    def check_bottom(self, x: Shape) -> None:
        check_sequences(x)

    def window(self, bottom: Shape) -> Window:
        """Its geometry on images of one row."""
        (kernel,), (stride,), (pad,) = self.geometry(bottom)
        return Window((1, kernel), (1, stride), (0, pad))

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        rows = [(n, c, 1, length) for n, c, length in (x, y)]
        window = self.window(x)
        return dict(backend.pool2d_scratch(self.pooling, window, *rows, backward=backward))


class Pooling1DLayer(Layer[Pooling1D]):
    """Runs :class:`Pooling1D`: the arrays are seen with a height of 1."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        op = self.backend.pool2d(
            self.spec.pooling,
            self.spec.window(x.shape),
            self.spec.divisor,
            x.data[:, :, None],
            y.data[:, :, None],
            with_row(x.diff),
            with_row(y.diff),
            self.scratch,
        )
        self.bind_passes(forward=op.forward, backward=op.backward)
