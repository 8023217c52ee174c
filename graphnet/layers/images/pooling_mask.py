"""PoolingMask: where in the images a max pooling has found its maxima."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.layers.base import Layer, Reads, ScratchDecls, Shapes
from graphnet.layers.images.pooled import PooledWindows, taps


class PoolingMask(PooledWindows):
    """The place of the maximum of each window, as a float: row · W + column, within its channel.

    The windows are those of a Pooling with the same properties. Of equal maxima it is the first in
    row-major order, as it is there; a NaN is none. No gradient goes through it.

    Bottoms:
        each: ``(N, C, H, W)``: what the Pooling reads.
    Tops:
        each: ``(N, C, H', W')``, numbers from 0 to H · W − 1.
    Args:
        kernel: ``[height, width]`` of the windows.
        stride: The step from one window to the next, ``[height, width]``. Default 1.
        pad: Rows added ``[above and below, left and right]``; less than the kernel. Default 0.
        global: One window over the whole plane, instead of kernel, stride and pad.
        round_mode: ``ceil`` (default) or ``floor``: how many windows there are where they do not
            fit exactly.
    Example:
        - {name: pool1, type: Pooling, kernel: 2, stride: 2, bottoms: [conv1], tops: [pool1]}
        - {name: mask1, type: PoolingMask, kernel: 2, stride: 2, bottoms: [conv1], tops: [mask1]}
        - {name: back1, type: Unpool, size: [12, 12], bottoms: [pool1, mask1], tops: [back1]}
    Source:
        Caffe ``Pooling``, second top.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["PoolingMask"] = "PoolingMask"

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        return [(x[0], x[1], *self.pooled_sides(x))]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (y,) = self.top_shapes(bottoms)
        return {"best": ScratchDecl(y, blob=True), "larger": ScratchDecl(y, "bool", blob=True)}

    def n_indices(self, bottoms: Shapes) -> int:
        return bottoms[0][2] * bottoms[0][3]

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()

    def backward_reads(self) -> Reads:
        return Reads()


class PoolingMaskLayer(Layer[PoolingMask]):
    """Runs :class:`PoolingMask`, tap after tap."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        height, width = x.shape[2:]
        window, xp = self.spec.window(x.shape), self.xp
        place = xp.arange(height * width, dtype=self.dtype).reshape(1, 1, height, width)
        down, right = (
            list(taps(*sizes))
            for sizes in zip(
                x.shape[2:], y.shape[2:], window.kernel, window.stride, window.pad, strict=True
            )
        )
        best, larger = self.scratch["best"], self.scratch["larger"]
        self.taps: list[tuple[Array, ...]] = []
        for rows, of_rows in down:
            for columns, of_columns in right:
                images, windows = (..., rows, columns), (..., of_rows, of_columns)
                tap = (x.data[images], place[images], best[windows], y.data[windows])
                self.taps.append((*tap, larger[windows]))
        # where nothing is larger than −∞: the first place of each window
        firsts = (
            xp.asarray([max(0, i * stride - pad) for i in range(n)], dtype=self.dtype)
            for n, stride, pad in zip(y.shape[2:], window.stride, window.pad, strict=True)
        )
        row, column = firsts
        self.first = row[:, None] * width + column

    def forward(self) -> None:
        xp = self.xp
        self.scratch["best"].fill(-xp.inf)
        xp.copyto(self.tops[0].data, self.first)
        for x, place, best, y, larger in self.taps:
            xp.greater(x, best, out=larger)
            xp.copyto(best, x, where=larger)
            xp.copyto(y, place, where=larger)
