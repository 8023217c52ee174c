"""StochasticPooling: an element of each window, drawn by how large it is."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array
from graphnet.layers.base import Layer, Reads, ScratchDecls, Shapes
from graphnet.layers.images.pooled import PooledWindows, taps
from graphnet.random.keys import stream_key


class StochasticPooling(PooledWindows):
    """One element of each window in training, drawn in proportion to it; their mean in testing.

    An element x of a window is drawn with the probability p = max(x, 0) / Σ max(x, 0), and takes
    the gradient; of a window without anything positive it is the first. A net of phase ``test``
    gives Σ p · x, and 0 where nothing is positive. Meant for what comes from a ReLU. What is drawn
    depends on the seed, the layer's name, the iteration and the sample's place in the global batch,
    on nothing else. A NaN in a window makes it NaN.

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C, H', W')``, as of a Pooling.
    Args:
        kernel: ``[height, width]`` of the windows.
        stride: The step from one window to the next, ``[height, width]``. Default 1.
        pad: Rows added ``[above and below, left and right]``, of which none is drawn; less than the
            kernel. Default 0.
        global: One window over the whole plane, instead of kernel, stride and pad.
        round_mode: ``ceil`` (default) or ``floor``: how many windows there are where they do not
            fit exactly.
    Example:
        - {name: pool1, type: StochasticPooling, kernel: 3, stride: 2, bottoms: [conv1],
           tops: [pool1]}
    Source:
        Zeiler & Fergus 2013, "Stochastic Pooling for Regularization" (arXiv 1301.3557); Caffe
        ``Pooling`` with ``pool: STOCHASTIC``, which runs on GPUs alone.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["StochasticPooling"] = "StochasticPooling"

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        lifetime = "pass" if backward else "call"
        return {
            "weight": ScratchDecl(x, blob=True),
            "total": ScratchDecl(y, blob=True),
            "running": ScratchDecl(y, blob=True),
            "limit": ScratchDecl(y, blob=True),
            "here": ScratchDecl(y, "bool", blob=True),
            "drawn": ScratchDecl(y, lifetime=lifetime, blob=True),  # type: ignore[arg-type]
        }

    def backward_reads(self) -> Reads:
        return Reads()


class StochasticPoolingLayer(Layer[StochasticPooling]):
    """Runs :class:`StochasticPooling`, tap after tap."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        window, weight = self.spec.window(x.shape), self.scratch["weight"]
        down, right = (
            list(taps(*sizes))
            for sizes in zip(
                x.shape[2:], y.shape[2:], window.kernel, window.stride, window.pad, strict=True
            )
        )
        self.key = stream_key(self.context.seed, f"{self.name}/drawn")
        #: for each tap: where it lies in images and in windows, and what it counts
        self.taps = [
            (images, windows, weight[images])
            for rows, of_rows in down
            for columns, of_columns in right
            for images, windows in [((..., rows, columns), (..., of_rows, of_columns))]
        ]
        if self.context.phase == "test":
            self.bind_passes(forward=self.average)

    def weigh(self) -> None:
        """What each element counts, and the sum of each window."""
        xp, weight, total = self.xp, self.scratch["weight"], self.scratch["total"]
        xp.maximum(self.bottoms[0].data, 0, out=weight)
        total.fill(0)
        for _, windows, of_tap in self.taps:
            xp.add(total[windows], of_tap, out=total[windows])

    def forward(self) -> None:
        xp, context, (x,), (y,) = self.xp, self.context, self.bottoms, self.tops
        running, limit, here, drawn = self.parts("running", "limit", "here", "drawn")
        self.backend.fill_uniform(self.key, context.iteration, context.first_sample, limit)
        self.weigh()
        # drawn is the first whose sum reaches (1 − u) · total, which is larger than 0
        xp.subtract(1, limit, out=limit)
        xp.multiply(limit, self.scratch["total"], out=limit)
        xp.copyto(y.data, self.scratch["total"])  # NaN, where nothing can be compared
        running.fill(0)
        drawn.fill(-1)
        for number, (images, windows, weight) in enumerate(self.taps):
            xp.add(running[windows], weight, out=running[windows])
            xp.greater_equal(running[windows], limit[windows], out=here[windows])
            xp.copyto(y.data[windows], x.data[images], where=here[windows])
            xp.copyto(drawn[windows], number, where=here[windows])
            xp.copyto(limit[windows], xp.nan, where=here[windows])  # no other reaches it

    def parts(self, *names: str) -> list[Array]:
        """Scratch by name."""
        return [self.scratch[name] for name in names]

    def average(self) -> None:
        """The mean of each window by the probabilities."""
        xp, y = self.xp, self.tops[0].data
        weight, total, none = self.parts("weight", "total", "here")
        self.weigh()
        xp.multiply(weight, weight, out=weight)
        y.fill(0)
        for _, windows, of_tap in self.taps:
            xp.add(y[windows], of_tap, out=y[windows])
        xp.equal(total, 0, out=none)
        xp.add(total, none, out=total)
        xp.divide(y, total, out=y)

    def backward(self) -> None:
        xp, dx, dy = self.xp, self.bottoms[0].diff, self.tops[0].diff
        drawn, here, part = self.parts("drawn", "here", "running")
        if dx is None:
            return
        dx.fill(0)
        for number, (images, windows, _) in enumerate(self.taps):
            xp.equal(drawn[windows], number, out=here[windows])
            xp.multiply(dy[windows], here[windows], out=part[windows])
            xp.add(dx[images], part[windows], out=dx[images])
