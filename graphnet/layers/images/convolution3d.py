"""Convolution3D: a bank of filters slid over volumes, or over images that follow each other."""

from __future__ import annotations

from itertools import starmap
from typing import Literal

from graphnet.backend.base import Backend, ConvArrays, ScratchDecl
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import NonNegativeTriple, PositiveTriple
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_extent, check_volumes
from graphnet.layers.images.filter_bank import AnyFilterBank


class Convolution3D(AnyFilterBank):
    """Cross-correlates volumes with a bank of filters: the filters are not flipped.

    Along each side the top has ``(n + 2·pad − dilation·(kernel − 1) − 1) // stride + 1`` places.
    The slices that a filter spans are laid side by side as channels of an image, which a
    Convolution is computed of: this takes ``kernel`` times the bottom's memory, ``kernel`` being
    that of the depth.

    Bottoms:
        each: ``(N, C, D, H, W)``; ``C`` divisible by ``n_group``.
    Tops:
        each: ``(N, n_filter, D', H', W')``.
    Params:
        filter: ``(n_filter, C / n_group, kernel depth, kernel height, kernel width)``.
        bias: ``(n_filter,)``, unless ``bias: false``.
    Args:
        n_filter: How many filters, divisible by ``n_group``.
        kernel: ``[depth, height, width]`` of the filters; one number means all. Default 1.
        stride: The step from one window to the next, ``[depth, height, width]``. Default 1.
        pad: Zeros added on both sides, ``[depth, height, width]``. Default 0.
        dilation: ``[depth, height, width]`` from one filter element's place to the next. Default 1.
        n_group: Into how many groups channels and filters are split. Default 1.
        bias: Whether a bias is added. Default true.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: conv1, type: Convolution3D, n_filter: 16, kernel: 3, pad: 1, neuron: ReLU,
           bottoms: [clip], tops: [conv1]}
    Source:
        Tran et al. 2015, arXiv 1412.0767; Caffe ``Convolution`` of bottoms with three spatial axes.
    """

    type: Literal["Convolution3D"] = "Convolution3D"
    kernel: PositiveTriple = (1, 1, 1)
    stride: PositiveTriple = (1, 1, 1)
    pad: NonNegativeTriple = (0, 0, 0)
    dilation: PositiveTriple = (1, 1, 1)

    @property
    def window(self) -> Window:
        """Its geometry on the images that the slices are."""
        (_, *kernel), (_, *stride) = self.kernel, self.stride
        (_, *pad), (_, *dilation) = self.pad, self.dilation
        return Window(*starmap(_pair, (kernel, stride, pad, dilation)))

    def filter_shape(self, bottom: Shape) -> Shape:
        """``(n_filter, C / n_group, kd, kh, kw)``."""
        return (self.n_filter, bottom[1] // self.n_group, *self.kernel)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_volumes(x)
        self.check_groups(x)
        check_extent(x, x[3], *self.kernel, x[3] * self.kernel[2] // 4)
        size = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, p, d in zip(
                x[2:], self.kernel, self.stride, self.pad, self.dilation, strict=True
            )
        ]
        if min(size) < 1:
            raise ShapeError(
                f"the filters do not fit into a bottom of shape {shape_text(x)}: kernel "
                f"{shape_text(self.kernel)}, dilation {shape_text(self.dilation)}, pad "
                f"{shape_text(self.pad)}\n  expected a smaller kernel or a larger pad"
            )
        return [(x[0], self.n_filter, *size)]

    def images(self, x: Shape, y: Shape) -> tuple[Shape, Shape]:
        """Bottom and top as images: an image for each slice of the top, slice after slice."""
        n = x[0] * y[2]
        return (n, x[1] * self.kernel[0], *x[3:]), (n, y[1], *y[3:])

    def image_filter(self, bottom: Shape) -> Shape:
        """The filters as those of images."""
        n_filter, channels, depth, *plane = self.filter_shape(bottom)
        return (n_filter, channels * depth, *plane)

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        image, result = self.images(x, y)
        needed = backend.conv2d_scratch(
            self.window, self.n_group, image, self.image_filter(x), backward=backward
        )
        decls = {f"conv/{name}": decl for name, decl in needed.items()}
        # read again in backward, where the filters learn
        decls["x"] = ScratchDecl(image, blob=True, lifetime="pass" if backward else "call")
        decls["y"] = ScratchDecl(result, blob=True)
        if backward:
            decls["dx"] = ScratchDecl(image, blob=True)
            decls["dy"] = ScratchDecl(result, blob=True)
        return decls


class Convolution3DLayer(Layer[Convolution3D]):
    """Runs :class:`Convolution3D`."""

    def setup(self) -> None:
        (x,), (y,), scratch = self.bottoms, self.tops, self.scratch
        filter_, bias = self.params["filter"], self.params.get("bias")
        as_images = self.spec.image_filter(x.shape)
        wants_x = x.diff is not None
        arrays = ConvArrays(
            x=scratch["x"],
            filter=filter_.data.reshape(as_images),
            bias=bias.data if bias else None,
            y=scratch["y"],
            dx=scratch["dx"] if wants_x else None,
            dfilter=None if filter_.diff is None else filter_.diff.reshape(as_images),
            dbias=bias.diff if bias else None,
            dy=None if y.diff is None else scratch["dy"],
        )
        needed = {
            name.removeprefix("conv/"): array
            for name, array in scratch.items()
            if name.startswith("conv/")
        }
        self.op = self.backend.conv2d(self.spec.window, self.spec.n_group, arrays, needed)
        self.taps = self.pairs(x.data, scratch["x"])
        self.tops_slices = self.slices(y.data, scratch["y"])
        self.diff_taps = self.pairs(x.diff, scratch["dx"]) if wants_x else []
        self.diff_slices = self.slices(y.diff, scratch["dy"]) if y.diff is not None else []

    def pairs(self, x: Array, images: Array) -> list[tuple[Array | None, Array]]:
        """A slice of the bottom, and the channels of an image where it lies; None in the pad."""
        n, depth, spec = x.shape[0], x.shape[2], self.spec
        found: list[tuple[Array | None, Array]] = []
        for place in range(images.shape[0] // n):
            image = images[place * n : (place + 1) * n]
            for tap in range(spec.kernel[0]):
                at = place * spec.stride[0] + tap * spec.dilation[0] - spec.pad[0]
                inside = x[:, :, at] if 0 <= at < depth else None
                found.append((inside, image[:, tap :: spec.kernel[0]]))
        return found

    def slices(self, y: Array, images: Array) -> list[tuple[Array, Array]]:
        """Each slice of the top, and its image."""
        n = y.shape[0]
        return [(y[:, :, i], images[i * n : (i + 1) * n]) for i in range(y.shape[2])]

    def forward(self) -> None:
        for inside, channels in self.taps:
            self.xp.copyto(channels, 0 if inside is None else inside)
        self.op.forward()
        for part, image in self.tops_slices:
            self.xp.copyto(part, image)

    def backward(self) -> None:
        for part, image in self.diff_slices:
            self.xp.copyto(image, part)
        self.op.backward()
        dx = self.bottoms[0].diff
        if dx is None:
            return
        dx.fill(0)
        for inside, channels in self.diff_taps:
            if inside is not None:
                self.xp.add(inside, channels, out=inside)


def _pair(height: int, width: int) -> tuple[int, int]:
    return height, width
