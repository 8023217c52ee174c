"""AdaptivePooling: the maximum or the mean of as many windows as are wanted."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from graphnet.backend.base import Backend, PoolingKind, ScratchDecl
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape
from graphnet.declare.fields import PositivePair
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_extent, check_images
from graphnet.layers.neurons.any_neuron import AnyNeuron


class AdaptivePooling(LayerSpec):
    """The maximum or the mean of windows whose number is given: images of any size to one size.

    Along a side of n pixels window i of m has those from ``floor(i·n / m)`` up to, but not with,
    ``ceil((i + 1)·n / m)``. Where m divides n, that is Pooling with kernel and stride n / m;
    elsewhere neighbours share pixels, and some windows are a pixel longer than others. A mean
    divides by the pixels of its window. Of equal maxima the first in row-major order takes the
    gradient; a NaN in a window makes its maximum NaN.

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C, *size)``.
    Args:
        size: ``[height, width]`` of the top. Pooling with ``global: true`` is ``size: 1``.
        pooling: ``Max`` (default) or ``Mean``.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: pooled, type: AdaptivePooling, size: 7, pooling: Mean, bottoms: [conv5],
           tops: [pooled]}
    Source:
        PyTorch's ``AdaptiveMaxPool2d`` and ``AdaptiveAvgPool2d``.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["AdaptivePooling"] = "AdaptivePooling"
    size: PositivePair
    pooling: PoolingKind = "Max"
    neuron: AnyNeuron | None = None

    @property
    def pools_maxima(self) -> bool:
        return self.pooling == "Max"

    def windows(self, bottom: Shape) -> tuple[list[slice], list[slice]]:
        """The pixels of each window along the height, and along the width."""
        down, across = (
            [slice(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
            for n, m in zip(bottom[2:], self.size, strict=True)
        )
        return down, across

    def kernel(self, bottom: Shape) -> tuple[int, int]:
        """Height and width of the largest window."""
        down, across = ([_length(w) for w in side] for side in self.windows(bottom))
        return max(down), max(across)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_images(x)
        check_extent(x, *self.size)
        check_extent(x, *self.kernel(x))
        return [(*x[:2], *self.size)]

    def spread(self, bottom: Shape) -> list[Shape]:
        """The bottom with room for each window of its own, along one axis after the other."""
        shapes, shape = [], list(bottom)
        for axis, kernel, m in zip((2, 3), self.kernel(bottom), self.size, strict=True):
            if bottom[axis] != kernel * m:
                shape[axis] = kernel * m
                shapes.append(tuple(shape))
        return shapes

    def window(self, bottom: Shape) -> Window:
        """Those of what has been spread out."""
        kernel = self.kernel(bottom)
        return Window(kernel, kernel)

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        spread = self.spread(x)
        decls = {f"x{k}": ScratchDecl(shape, blob=True) for k, shape in enumerate(spread)}
        if backward:
            decls |= {f"dx{k}": ScratchDecl(shape, blob=True) for k, shape in enumerate(spread)}
            if spread and self.pooling == "Mean":
                decls["dy"] = ScratchDecl(y, blob=True)
        seen = [x, *spread][-1]
        decls |= backend.pool2d_scratch(self.pooling, self.window(x), seen, y, backward=backward)
        return decls

    def backward_reads(self) -> Reads:
        return Reads()


def _length(window: slice) -> int:
    return int(window.stop - window.start)


class _Spread:
    """An axis on which each window has room of its own, all of one length.

    What a shorter window lacks is its last pixel again, which changes no maximum; for a mean, 0.

    Args:
        windows: Of the axis.
        axis: Which.
        repeats: Whether the last pixel is repeated.
    """

    def __init__(self, windows: list[slice], axis: int, *, repeats: bool) -> None:
        self.axis, self.repeats = axis, repeats
        most = max(map(_length, windows))
        self.windows = [(w, slice(i * most, (i + 1) * most)) for i, w in enumerate(windows)]

    def pairs(self, x: Array, spread: Array) -> tuple[list[tuple[Array, Array]], list[Array]]:
        """What is copied: parts of the axis, and their places; and the places that are 0."""
        found, empty = [], []
        for window, room in self.windows:
            end = room.start + _length(window)
            found.append((self._part(x, window), self._part(spread, slice(room.start, end))))
            if end < room.stop:  # by one pixel: no two windows differ by more
                last = self._part(spread, slice(end, room.stop))
                if self.repeats:
                    found.append((self._part(x, slice(window.stop - 1, window.stop)), last))
                else:
                    empty.append(last)
        return found, empty

    def _part(self, array: Array, places: slice) -> Array:
        return array[(slice(None),) * self.axis + (places,)]


class AdaptivePoolingLayer(Layer[AdaptivePooling]):
    """Runs :class:`AdaptivePooling`: a Pooling of windows that have been put side by side."""

    def setup(self) -> None:
        (x,), (y,), spec, scratch = self.bottoms, self.tops, self.spec, self.scratch
        is_mean, wants_x = spec.pooling == "Mean", x.diff is not None
        data, diff = x.data, x.diff
        self.copies: list[tuple[Array, Array]] = []
        self.zeros: list[Array] = []
        self.sums: list[tuple[Array, list[tuple[Array, Array]]]] = []
        windows, kernel = spec.windows(x.shape), spec.kernel(x.shape)
        n_spread = 0
        for axis, of_axis, k in zip((2, 3), windows, kernel, strict=True):
            if x.shape[axis] == k * len(of_axis):
                continue
            how = _Spread(of_axis, axis, repeats=not is_mean)
            pairs, empty = how.pairs(data, scratch[f"x{n_spread}"])
            self.copies += pairs
            self.zeros += empty
            data = scratch[f"x{n_spread}"]
            if wants_x:
                self.sums.insert(0, (diff, how.pairs(diff, scratch[f"dx{n_spread}"])[0]))
                diff = scratch[f"dx{n_spread}"]
            n_spread += 1
        self.factor: Array | None = None
        dy = y.diff
        if is_mean and n_spread:
            self.factor = self._factor(windows, kernel)
            dy = scratch["dy"] if wants_x else None
        self.op = self.backend.pool2d(
            spec.pooling, spec.window(x.shape), "kernel", data, y.data, diff, dy, scratch
        )
        if not n_spread:
            self.bind_passes(forward=self.op.forward, backward=self.op.backward)

    def _factor(self, windows: tuple[list[slice], list[slice]], kernel: tuple[int, int]) -> Array:
        """What makes a mean over the room of a window one over its pixels."""
        down, across = (
            np.array([k / _length(w) for w in side])
            for side, k in zip(windows, kernel, strict=True)
        )
        return self.backend.constant(np.outer(down, across), self.dtype)

    def forward(self) -> None:
        for array in self.zeros:
            array.fill(0)
        for source, target in self.copies:
            self.xp.copyto(target, source)
        self.op.forward()
        if self.factor is not None:
            y = self.tops[0].data
            self.xp.multiply(y, self.factor, out=y)

    def backward(self) -> None:
        if self.factor is not None and "dy" in self.scratch:
            self.xp.multiply(self.tops[0].diff, self.factor, out=self.scratch["dy"])
        self.op.backward()
        for diff, pairs in self.sums:
            diff.fill(0)
            for target, source in pairs:
                self.xp.add(target, source, out=target)
