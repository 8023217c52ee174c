"""Convolution: a bank of filters slid over images."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ConvArrays
from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import channels_last_hint
from graphnet.layers.images.filter_bank import FilterBank


class Convolution(FilterBank):
    """Cross-correlates images with a bank of filters: the filters are not flipped.

    Along each side the top has ``(n + 2·pad − dilation·(kernel − 1) − 1) // stride + 1`` places.
    With ``n_group`` g, each of g equal slices of the channels is seen by its own g-th of the
    filters. Several bottoms and as many tops are computed with the same params; their gradients
    add up.

    On the CPU, filters two to seven wide that move one column at a time are applied by Winograd's
    minimal filtering where that is faster. It rounds four to five times as much as the plain sum,
    still less than 1e-6 of a typical value in float32.

    Bottoms:
        each: ``(N, C, H, W)``; ``C`` divisible by ``n_group``.
    Tops:
        each: ``(N, n_filter, H', W')``.
    Params:
        filter: ``(n_filter, C / n_group, kernel height, kernel width)``.
        bias: ``(n_filter,)``, unless ``bias: false``.
    Args:
        n_filter: How many filters, divisible by ``n_group``.
        kernel: ``[height, width]`` of the filters. Default 1.
        stride: The step from one window to the next, ``[height, width]``. Default 1.
        pad: Zeros added ``[above and below, left and right]``. Default 0.
        dilation: ``[height, width]`` from one filter element's pixel to the next. Default 1.
        n_group: Into how many groups channels and filters are split. Default 1; as many as there
            are channels make it depthwise.
        bias: Whether a bias is added. Default true.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: conv1, type: Convolution, n_filter: 20, kernel: [5, 5], bottoms: [data],
           tops: [conv1]}
        - {name: conv2, type: Convolution, n_filter: 16, kernel: 3, pad: 1, neuron: ReLU,
           filter_init: MSRA, bias: false, bottoms: [conv1], tops: [conv2]}
        - {name: depthwise, type: Convolution, n_filter: 16, n_group: 16, kernel: 3, pad: 1,
           bottoms: [conv2], tops: [depthwise]}
        - {name: separable, type: Convolution, n_filter: 32, kernel: 1, bottoms: [depthwise],
           tops: [separable]}
    Source:
        Mocha ``ConvolutionLayer`` (which has no dilation and lets ``n_filter`` be 1 by default),
        Caffe ``Convolution``.
    """

    makes: ClassVar[Literal["scores"]] = "scores"
    takes_images: ClassVar[bool] = True

    type: Literal["Convolution"] = "Convolution"

    def filter_shape(self, bottom: Shape) -> Shape:
        """``(n_filter, C / n_group, kh, kw)``."""
        return (self.n_filter, bottom[1] // self.n_group, *self.kernel)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        self.check_bottom(x)
        height, width = self.window.floor_size((x[2], x[3]))
        if height < 1 or width < 1:
            raise ShapeError(
                f"the filters do not fit into a bottom of shape {shape_text(x)}: kernel "
                f"{shape_text(self.kernel)}, dilation {shape_text(self.dilation)}, pad "
                f"{shape_text(self.pad)}\n  expected a smaller kernel or a larger pad"
                f"{channels_last_hint(x)}"
            )
        return [(x[0], self.n_filter, height, width)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        return dict(
            backend.conv2d_scratch(
                self.window, self.n_group, x, self.filter_shape(x), backward=backward
            )
        )


class ConvolutionLayer(Layer[Convolution]):
    """Runs :class:`Convolution`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        filter_, bias = self.params["filter"], self.params.get("bias")
        arrays = ConvArrays(
            x.data,
            filter_.data,
            bias.data if bias else None,
            y.data,
            x.diff,
            filter_.diff,
            bias.diff if bias else None,
            y.diff,
        )
        op = self.backend.conv2d(self.spec.window, self.spec.n_group, arrays, self.scratch)
        self.bind_passes(forward=op.forward, backward=op.backward)
