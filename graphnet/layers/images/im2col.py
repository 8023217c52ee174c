"""Im2col: what a filter sees at each place, as channels."""

from __future__ import annotations

from itertools import product
from typing import ClassVar, Literal

from graphnet.backend.window import Window
from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import NonNegativePair, PositivePair
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, Shapes
from graphnet.layers.channelwise.channels import check_extent, check_images


class Im2col(LayerSpec):
    """Lay the windows that a convolution would multiply side by side: each becomes channels.

    Channel ``(c · height + i) · width + j`` of the top holds, at each place of the filter, what
    lies under row i and column j of its kernel in channel c; beyond the image it is 0. An
    InnerProduct of each place's channels is then a convolution.

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C · height · width of the kernel, H', W')``, with as many places as a
            Convolution with the same properties.
    Args:
        kernel: ``[height, width]`` of the windows.
        stride: The step from one window to the next, ``[height, width]``. Default 1.
        pad: Rows of zeros added ``[above and below, left and right]``. Default 0.
        dilation: The distance of neighbouring elements of the kernel. Default 1.
    Example:
        - {name: windows, type: Im2col, kernel: 3, pad: 1, bottoms: [data], tops: [windows]}
    Source:
        Caffe ``Im2col``.
    """

    each_bottom: ClassVar[bool] = True
    takes_images: ClassVar[bool] = True

    type: Literal["Im2col"] = "Im2col"
    kernel: PositivePair
    stride: PositivePair = (1, 1)
    pad: NonNegativePair = (0, 0)
    dilation: PositivePair = (1, 1)

    @property
    def window(self) -> Window:
        """The windows' geometry."""
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_images(x)
        check_extent(x, self.kernel[0] * self.kernel[1])
        size = self.window.floor_size((x[2], x[3]))
        if min(size) < 1:
            raise ShapeError(
                f"a kernel of {shape_text(self.kernel)} does not fit a bottom of shape"
                f" {shape_text(x)}\n  expected a smaller one, or more pad"
            )
        return [(x[0], x[1] * self.kernel[0] * self.kernel[1], *size)]

    def backward_reads(self) -> Reads:
        return Reads()


class Im2colLayer(Layer[Im2col]):
    """Runs :class:`Im2col`: a copy for each element of the kernel."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        places = [
            _under(i, j, self.spec, x.shape[2:], y.shape[2:])
            for i, j in product(*map(range, self.spec.kernel))
        ]
        self.pairs = _pairs(x.data, y.data, places)
        self.diffs = [] if x.diff is None else _pairs(x.diff, y.diff, places)

    def forward(self) -> None:
        if any(self.spec.pad):
            self.tops[0].data.fill(0)
        for image, windows in self.pairs:
            self.xp.copyto(windows, image)

    def backward(self) -> None:
        dx = self.bottoms[0].diff
        if dx is not None:
            dx.fill(0)
            for image, windows in self.diffs:
                self.xp.add(image, windows, out=image)


def _pairs(
    x: Array, y: Array, places: list[tuple[tuple[slice, slice], tuple[slice, slice]]]
) -> list[tuple[Array, Array]]:
    """For each element of the kernel what of the images lies under it, and where that goes."""
    n, channels = x.shape[:2]
    windows = y.reshape(n, channels, len(places), *y.shape[2:])  # a view: one axis becomes two
    return [(x[:, :, *seen], windows[:, :, k, *there]) for k, (seen, there) in enumerate(places)]


def _under(
    i: int, j: int, spec: Im2col, image: Shape, size: Shape
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Rows and columns of the image under an element of the kernel, and of the windows they are."""
    seen, there = [], []
    for k, side in enumerate((i, j)):
        offset, stride = side * spec.dilation[k] - spec.pad[k], spec.stride[k]
        first = max(0, -(offset // stride))  # the first window with this element in the image
        last = max(first, min(size[k], (image[k] - 1 - offset) // stride + 1))
        there.append(slice(first, last))
        start = offset + first * stride
        seen.append(slice(start, start + (last - first) * stride, stride))
        if first == last:
            seen[-1] = slice(0, 0)
    return (seen[0], seen[1]), (there[0], there[1])
