"""Convolution on the GPU: images lowered to columns, and matrix products of cuBLAS.

Images are worked on in groups whose columns fit the scratch memory. The sums over the groups,
and within every kernel, have an order that only the shapes decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import Any

from graphnet.backend.base import ConvArrays, ScratchDecl
from graphnet.backend.calls import Call, Op, in_turn
from graphnet.backend.cupy.inner_product import Dot
from graphnet.backend.cupy.kernels import NULL, Kernels, blocks_for
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape

#: Of the columns held at a time, unless one image has more: 64 MiB in float32.
COLUMN_ELEMENTS = 2**24


@dataclass(frozen=True)
class ConvShapes:
    """The shapes of a convolution.

    Attributes:
        window: Its geometry.
        n_group: Groups of channels.
        x: ``(N, C, H, W)``.
        filter: ``(K, C/n_group, kh, kw)``.
    """

    window: Window
    n_group: int
    x: Shape
    filter: Shape

    @cached_property
    def out(self) -> tuple[int, int]:
        """Height and width of the result."""
        return self.window.floor_size((self.x[2], self.x[3]))

    @property
    def n_taps(self) -> int:
        """Rows of the columns: channels times the taps of a filter."""
        return self.x[1] * prod(self.window.kernel)

    @property
    def n_images(self) -> int:
        """Of a group."""
        per_image = max(1, self.n_taps * prod(self.out))
        return max(1, min(self.x[0], COLUMN_ELEMENTS // per_image))

    def geometry(self) -> tuple[int, ...]:
        """What the kernels are told after the number of images."""
        w = self.window
        return (*self.x[1:], *self.out, *w.kernel, *w.stride, *w.pad, *w.dilation)


def conv2d_scratch(shapes: ConvShapes, *, backward: bool) -> dict[str, ScratchDecl]:
    """The scratch that :func:`bind_conv2d` needs."""
    windows = shapes.n_images * prod(shapes.out)
    decls = {
        "columns": ScratchDecl((shapes.n_taps * windows,)),
        "rows": ScratchDecl((shapes.filter[0] * windows,)),
    }
    if backward and shapes.n_images < shapes.x[0]:
        decls["part"] = ScratchDecl(shapes.filter)
    return decls


def bind_conv2d(
    cp: Any, shapes: ConvShapes, arrays: ConvArrays, scratch: Mapping[str, Array], dot: Dot
) -> Op:
    """A convolution bound to its arrays.

    Args:
        cp: CuPy, or what stands in for it.
        shapes: Of the arrays.
        arrays: What is computed from what.
        scratch: As :func:`conv2d_scratch` declares it.
        dot: Binds the products.
    """
    calls, n, step = _Calls(cp, shapes, arrays, scratch, dot), shapes.x[0], shapes.n_images
    groups = [slice(start, min(start + step, n)) for start in range(0, n, step)]
    forward = [call for group in groups for call in calls.compute(group)]
    backward: list[Call] = []
    if arrays.dy is not None:
        backward = [call for group in groups for call in calls.send_back(group)]
        if arrays.dbias is not None:
            backward.append(calls.sum_bias())
    return Op(in_turn(forward), in_turn(backward))


class _Calls:
    """The calls of a convolution on some of its images."""

    def __init__(
        self,
        cp: Any,
        shapes: ConvShapes,
        arrays: ConvArrays,
        scratch: Mapping[str, Array],
        dot: Dot,
    ) -> None:
        self.cp, self.kernels, self.bind_dot = cp, Kernels(cp), dot
        self.shapes, self.arrays, self.scratch = shapes, arrays, scratch

    def compute(self, images: slice) -> list[Call]:
        """The forward pass of some images."""
        bias = NULL if self.arrays.bias is None else self.arrays.bias
        columns, rows = self.matrices(images)
        calls = [self.lower("im2col", images, columns)]
        calls += [
            self.bind_dot(filter_, column, row)
            for filter_, column, row in zip(
                self.groups(self.arrays.filter), self.groups(columns), self.groups(rows),
                strict=True,
            )
        ]  # fmt: skip
        y = self.arrays.y[images]
        calls.append(self.bind_rows("rows_to_images", images, rows, bias, y))
        return calls

    def send_back(self, images: slice) -> list[Call]:
        """The gradients of some images."""
        arrays = self.arrays
        columns, rows = self.matrices(images)
        calls = []
        if arrays.dx is not None or arrays.dfilter is not None:
            dy: Any = arrays.dy
            calls.append(self.bind_rows("images_to_rows", images, dy[images], rows))
        if arrays.dfilter is not None:
            calls.append(self.lower("im2col", images, columns))
            target = arrays.dfilter if images.start == 0 else self.scratch["part"]
            calls += [
                self.bind_dot(row, column.T, filter_)
                for row, column, filter_ in zip(
                    self.groups(rows), self.groups(columns), self.groups(target), strict=True
                )
            ]
            if target is not arrays.dfilter:
                total = arrays.dfilter
                calls.append(partial(self.cp.add, total, target, out=total))
        if arrays.dx is not None:
            calls += [
                self.bind_dot(filter_.T, row, column)
                for filter_, row, column in zip(
                    self.groups(arrays.filter), self.groups(rows), self.groups(columns),
                    strict=True,
                )
            ]  # fmt: skip
            calls.append(self.lower("col2im", images, columns))
        return calls

    def matrices(self, images: slice) -> tuple[Array, Array]:
        """The columns of some images, and the rows of their result, as matrices."""
        windows = (images.stop - images.start) * prod(self.shapes.out)
        n_taps, n_filter = self.shapes.n_taps, self.shapes.filter[0]
        return (
            self.scratch["columns"][: n_taps * windows].reshape(n_taps, windows),
            self.scratch["rows"][: n_filter * windows].reshape(n_filter, windows),
        )

    def groups(self, array: Array) -> list[Array]:
        """An array as a matrix for each group of channels; its first axis is cut."""
        n_group = self.shapes.n_group
        length = array.shape[0] // n_group
        matrix = array.reshape(array.shape[0], -1)
        return [matrix[g * length : (g + 1) * length] for g in range(n_group)]

    def lower(self, kernel: str, images: slice, columns: Array) -> Call:
        """From images to columns, or from columns to the gradient of the images."""
        n, geometry = images.stop - images.start, self.shapes.geometry()
        x: Any = self.arrays.x if kernel == "im2col" else self.arrays.dx
        arrays = (x[images], columns) if kernel == "im2col" else (columns, x[images])
        channels, (height, width) = self.shapes.x[1], self.shapes.x[2:]
        per_channel = prod(self.shapes.out) if kernel == "im2col" else height * width
        blocks = (blocks_for(channels * per_channel), n)
        return self.kernels.bind(f"im2col.{kernel}", x.dtype, blocks, (*arrays, n, *geometry))

    def bind_rows(self, kernel: str, images: slice, *arrays: Any) -> Call:
        """Between the blob of the result and the rows of a product."""
        n, channels, area = images.stop - images.start, self.shapes.filter[0], prod(self.shapes.out)
        blocks = (blocks_for(channels * area), n)
        dtype = self.arrays.y.dtype
        return self.kernels.bind(f"images.{kernel}", dtype, blocks, (*arrays, n, channels, area))

    def sum_bias(self) -> Call:
        """The gradient of the bias."""
        n, channels, area = self.shapes.x[0], self.shapes.filter[0], prod(self.shapes.out)
        arguments = (self.arrays.dy, self.arrays.dbias, n, channels, area)
        return self.kernels.bind("sums.channel_sums", self.arrays.y.dtype, (channels, 1), arguments)
