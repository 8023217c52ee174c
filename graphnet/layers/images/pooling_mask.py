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

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        windows = _in_runs(y, y)
        decls = {name: ScratchDecl(windows) for name in ("best", "place", "candidate")}
        return decls | {
            "larger": ScratchDecl(windows, "bool"),
            "image": ScratchDecl(_in_runs(x, y)),
        }

    def n_indices(self, bottoms: Shapes) -> int:
        return bottoms[0][2] * bottoms[0][3]

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()

    def backward_reads(self) -> Reads:
        return Reads()


class PoolingMaskLayer(Layer[PoolingMask]):
    """Runs :class:`PoolingMask`, tap after tap.

    Taps come in row-major order, so the place of a later one is the larger number. They meet copies
    of the images in which all channels and samples of a place lie side by side, unless these are
    fewer than the windows of a row.
    """

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        height, width = x.shape[2:]
        window, xp = self.spec.window(x.shape), self.xp
        place = xp.arange(height * width, dtype=self.dtype).reshape(1, height, width, 1)
        down, right = (
            list(taps(*sizes))
            for sizes in zip(
                x.shape[2:], y.shape[2:], window.kernel, window.stride, window.pad, strict=True
            )
        )
        self.image = self.scratch["image"]
        order = (2, 3, 1, 0) if len(self.image) == 1 else (1, 2, 3, 0)
        self.x, self.y = (blob.data.transpose(order) for blob in (x, y))
        names = ("best", "place", "candidate", "larger")
        self.taps: list[tuple[Array, ...]] = []
        for rows, of_rows in down:
            for columns, of_columns in right:
                images, windows = (
                    (..., rows, columns, slice(None)),
                    (..., of_rows, of_columns, slice(None)),
                )
                scratch = (self.scratch[name][windows] for name in names)
                self.taps.append((self.image[images], place[images], *scratch))
        # where nothing is larger than −∞: the first place of each window
        firsts = (
            xp.asarray([max(0, i * stride - pad) for i in range(n)], dtype=self.dtype)
            for n, stride, pad in zip(y.shape[2:], window.stride, window.pad, strict=True)
        )
        row, column = firsts
        self.first = (row[:, None] * width + column)[:, :, None]

    def forward(self) -> None:
        xp, found = self.xp, self.scratch["place"]
        xp.copyto(self.image.reshape(self.x.shape), self.x)
        self.scratch["best"].fill(-xp.inf)
        xp.copyto(found, self.first)
        for x, place, best, at, candidate, larger in self.taps:
            xp.greater(x, best, out=larger)
            xp.fmax(x, best, out=best)
            xp.multiply(larger, place, out=candidate)
            xp.maximum(at, candidate, out=at)
        xp.copyto(self.y, found.reshape(self.y.shape))


def _in_runs(images: Shape, y: Shape) -> Shape:
    """``(1, H, W, C · N)``, or ``(C, H, W, N)`` where that has longer runs."""
    n, channels, height, width = images
    if channels < y[3]:
        return (channels, height, width, n)
    return (1, height, width, channels * n)
