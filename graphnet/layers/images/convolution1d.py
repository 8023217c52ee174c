"""Convolution1D: a bank of filters slid along sequences."""

from __future__ import annotations

from typing import Literal

from graphnet.backend.base import Backend, ConvArrays
from graphnet.backend.window import Window
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import NonNegativeInt, PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_extent, check_sequences
from graphnet.layers.images.filter_bank import AnyFilterBank
from graphnet.layers.images.one_row import as_row, with_row


class Convolution1D(AnyFilterBank):
    """Cross-correlates sequences of vectors with a bank of filters: they are not flipped.

    It is the Convolution of images of one row. The top has
    ``(L + 2·pad − dilation·(kernel − 1) − 1) // stride + 1`` places.

    Bottoms:
        each: ``(N, C, L)``; ``C`` divisible by ``n_group``.
    Tops:
        each: ``(N, n_filter, L')``.
    Params:
        filter: ``(n_filter, C / n_group, kernel)``.
        bias: ``(n_filter,)``, unless ``bias: false``.
    Args:
        n_filter: How many filters, divisible by ``n_group``.
        kernel: How many places a filter spans. Default 1.
        stride: The step from one window to the next. Default 1.
        pad: Zeros added on both sides. Default 0.
        dilation: From one filter element's place to the next. Default 1.
        n_group: Into how many groups channels and filters are split. Default 1.
        bias: Whether a bias is added. Default true.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: conv1, type: Convolution1D, n_filter: 32, kernel: 5, pad: 2, neuron: ReLU,
           bottoms: [signal], tops: [conv1]}
    Source:
        Caffe ``Convolution`` of bottoms with one spatial axis.
    """

    type: Literal["Convolution1D"] = "Convolution1D"
    kernel: PositiveInt = 1
    stride: PositiveInt = 1
    pad: NonNegativeInt = 0
    dilation: PositiveInt = 1

    @property
    def window(self) -> Window:
        """Its geometry on images of one row."""
        return Window((1, self.kernel), (1, self.stride), (0, self.pad), (1, self.dilation))

    def filter_shape(self, bottom: Shape) -> Shape:
        """``(n_filter, C / n_group, kernel)``."""
        return (self.n_filter, bottom[1] // self.n_group, self.kernel)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_sequences(x)
        self.check_groups(x)
        check_extent(x, self.kernel)
        _, length = self.window.floor_size((1, x[2]))
        if length < 1:
            raise ShapeError(
                f"the filters do not fit into a bottom of shape {shape_text(x)}: kernel "
                f"{self.kernel}, dilation {self.dilation}, pad {self.pad}"
                "\n  expected a smaller kernel or a larger pad"
            )
        return [(x[0], self.n_filter, length)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        row, filter_ = as_row(x), as_row(self.filter_shape(x))
        needed = backend.conv2d_scratch(self.window, self.n_group, row, filter_, backward=backward)
        return dict(needed)


class Convolution1DLayer(Layer[Convolution1D]):
    """Runs :class:`Convolution1D`: the arrays are seen with a height of 1."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        filter_, bias = self.params["filter"], self.params.get("bias")
        arrays = ConvArrays(
            x=x.data[:, :, None],
            filter=filter_.data[:, :, None],
            bias=bias.data if bias else None,
            y=y.data[:, :, None],
            dx=with_row(x.diff),
            dfilter=with_row(filter_.diff),
            dbias=bias.diff if bias else None,
            dy=with_row(y.diff),
        )
        op = self.backend.conv2d(self.spec.window, self.spec.n_group, arrays, self.scratch)
        self.bind_passes(forward=op.forward, backward=op.backward)
