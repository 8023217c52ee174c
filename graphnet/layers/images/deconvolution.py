"""Deconvolution: a convolution run backwards, which enlarges images."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any, Literal

from graphnet.backend.base import Backend, ConvArrays, ScratchDecl
from graphnet.backend.calls import Op
from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import beside, check_extent
from graphnet.layers.images.filter_bank import FilterBank


class Deconvolution(FilterBank):
    """Each element of the bottom adds its multiple of a filter to the top.

    It is the Convolution from top to bottom run backwards: what that computes as the gradient of
    its bottom is the top here; also called transposed convolution. Along each side the top has
    ``stride · (n − 1) + dilation · (kernel − 1) + 1 − 2 · pad`` places. Several bottoms and as
    many tops are computed with the same params; their gradients add up.

    Bottoms:
        each: ``(N, C, H, W)``; ``C`` divisible by ``n_group``.
    Tops:
        each: ``(N, n_filter, H', W')``.
    Params:
        filter: ``(C, n_filter / n_group, kernel height, kernel width)``.
        bias: ``(n_filter,)``, unless ``bias: false``.
    Args:
        n_filter: Channels of the top, divisible by ``n_group``.
        kernel: ``[height, width]`` of the filters. Default 1.
        stride: How far a step in the bottom moves in the top, ``[height, width]``. Default 1.
        pad: Cut off ``[above and below, left and right]``. Default 0.
        dilation: ``[height, width]`` from one filter element's pixel to the next. Default 1.
        n_group: Into how many groups the channels of both are split. Default 1.
        bias: Whether a bias is added. Default true.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: up1, type: Deconvolution, n_filter: 8, kernel: 4, stride: 2, pad: 1,
           bottoms: [code], tops: [up1]}
        - {name: twice, type: Deconvolution, n_filter: 4, n_group: 4, kernel: 4, stride: 2, pad: 1,
           filter_init: Bilinear, bias: false, frozen: true, bottoms: [small], tops: [large]}
    Source:
        Caffe ``Deconvolution``.
    """

    type: Literal["Deconvolution"] = "Deconvolution"

    def filter_shape(self, bottom: Shape) -> Shape:
        """``(C, n_filter / n_group, kh, kw)``."""
        return (bottom[1], self.n_filter // self.n_group, *self.kernel)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        self.check_bottom(x)
        size = [
            s * (n - 1) + d * (k - 1) + 1 - 2 * p
            for n, k, s, p, d in zip(
                x[2:], self.kernel, self.stride, self.pad, self.dilation, strict=True
            )
        ]
        if min(size) < 1:
            raise ShapeError(
                f"of a bottom of shape {shape_text(x)} nothing is left: pad "
                f"{shape_text(self.pad)} cuts off all of the top\n  expected a smaller pad"
            )
        check_extent(x, size[0], size[0] * self.kernel[1] // 4)
        return [(x[0], self.n_filter, *size)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        needed = backend.conv2d_scratch(
            self.window, self.n_group, y, self.filter_shape(x), backward=True
        )
        decls: dict[str, ScratchDecl] = {}
        for name, decl in needed.items():
            if decl.lifetime == "forever":
                decls |= {f"up/{name}": decl, f"down/{name}": decl}
            else:  # each of the two operations begins and ends within one call
                decls[f"both/{name}"] = replace(decl, lifetime="call")
        if backward and not self.frozen:  # used where no bottom diff is wanted
            decls["dx"] = ScratchDecl(x, blob=True)
        return decls

    def macs(self, bottoms: Shapes) -> int:
        return prod(bottoms[0]) * prod(self.filter_shape(bottoms[0])[1:])

    def connections(self, bottoms: Shapes) -> int:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        return self.macs(bottoms) // x[0] + self.bias * prod(y[1:])


class DeconvolutionLayer(Layer[Deconvolution]):
    """Runs :class:`Deconvolution` with two convolutions from top to bottom.

    ``up`` computes the gradient of its input, which is the top's data, given the bottom's data as
    that of its output. ``down`` sees the diffs instead: its output is the bottom's diff, and the
    gradient of its filter, given the bottom's data as that of its output, is the filter's diff.
    """

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        filter_, bias = self.params["filter"], self.params.get("bias")
        up = ConvArrays(x=y.data, filter=filter_.data, bias=None, y=x.data, dx=y.data, dy=x.data)
        self.up = self.bind(up, "up/")
        self.bias: Any = None if bias is None else beside(bias.data, 4)
        self.add_bias: Any = None
        if bias is not None and bias.diff is not None and y.diff is not None:
            self.add_bias = self.backend.axes_sum(y.diff, (0, 2, 3), bias.diff)
        self.learns = filter_.diff is not None
        self.down: Op | None = None
        if y.diff is not None and (self.learns or x.diff is not None):
            dx = self.scratch["dx"] if x.diff is None else x.diff
            down = ConvArrays(
                x=y.diff, filter=filter_.data, bias=None, y=dx, dfilter=filter_.diff, dy=x.data
            )
            self.down = self.bind(down, "down/")

    def bind(self, arrays: ConvArrays, own: str) -> Op:
        """A convolution with its part of the scratch."""
        scratch = {
            name.removeprefix(prefix): array
            for prefix in ("both/", own)
            for name, array in self.scratch.items()
            if name.startswith(prefix)
        }
        return self.backend.conv2d(self.spec.window, self.spec.n_group, arrays, scratch)

    def forward(self) -> None:
        self.up.backward()
        if self.bias is not None:
            y = self.tops[0].data
            self.xp.add(y, self.bias, out=y)

    def backward(self) -> None:
        if self.down is not None:
            self.down.forward()
            if self.learns:
                self.down.backward()
        if self.add_bias is not None:
            self.add_bias()
