"""SPP: spatial pyramid pooling, a fixed number of features from images of any size."""

from __future__ import annotations

from typing import Literal

from graphnet.backend.base import Backend, Divisor, PoolingKind, ScratchDecl
from graphnet.backend.calls import Op
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape, feature_size, rows, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_extent, check_images


class SPP(LayerSpec):
    """Pool each channel over grids of 1×1, 2×2, 4×4 … windows and line up all results.

    Level l has 2^l windows along each side, of ``ceil(n / 2^l)`` pixels, that do not overlap; the
    grid is put over the middle of the image, so windows at its edge may hang over. Level after
    level the top holds all channels, each with its windows in row-major order.

    Bottoms:
        0: ``(N, C, H, W)``, large enough that no window lies outside the image.
    Tops:
        0: ``(N, C · (1 + 4 + … + 4^(pyramid_height − 1)))``.
    Args:
        pyramid_height: How many levels.
        pooling: ``Max`` (default) or ``Mean``.
        divisor: What a mean divides by where a window hangs over: the ``padded`` window (default),
            or the ``valid`` part of it, within the image itself; ``kernel`` is the whole window.
    Example:
        - {name: spp, type: SPP, pyramid_height: 3, bottoms: [conv5], tops: [spp]}
    Source:
        He et al. 2014, arXiv 1406.4729; Caffe ``SPP`` (divisor ``padded``).
    """

    type: Literal["SPP"] = "SPP"
    pyramid_height: PositiveInt
    pooling: PoolingKind = "Max"
    divisor: Divisor = "padded"

    def windows(self, bottom: Shape) -> list[Window]:
        """The windows of each level.

        Raises:
            ShapeError: If one would lie outside the image.
        """
        found = []
        for level in range(self.pyramid_height):
            bins = 2**level
            height, width = -(-bottom[2] // bins), -(-bottom[3] // bins)
            kernel = (height, width)
            pad = ((height * bins - bottom[2] + 1) // 2, (width * bins - bottom[3] + 1) // 2)
            window = Window(kernel, kernel, pad)
            fits = window.ceil_size((bottom[2], bottom[3])) == (bins, bins)
            if not fits or pad[0] >= height or pad[1] >= width:
                raise ShapeError(
                    f"{bins} windows along each side do not fit into a bottom of shape "
                    f"{shape_text(bottom)}: one would lie outside the images"
                    f"\n  expected a pyramid_height of {level} at most, or larger images"
                )
            found.append(window)
        return found

    def level_shapes(self, bottom: Shape) -> list[Shape]:
        """What each level gives before it is lined up: ``(N, C, 2^level, 2^level)``."""
        return [(*bottom[:2], 2**k, 2**k) for k in range(self.pyramid_height)]

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_images(x)
        check_extent(x, *x[2:])
        self.windows(x)
        return [(x[0], sum(feature_size(y) for y in self.level_shapes(x)))]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), decls = bottoms, {}
        for k, (window, y) in enumerate(zip(self.windows(x), self.level_shapes(x), strict=True)):
            decls[f"y{k}"] = ScratchDecl(y, blob=True)
            if backward:
                decls[f"dy{k}"] = ScratchDecl(y, blob=True)
            needed = backend.pool2d_scratch(self.pooling, window, x, y, backward=backward)
            decls |= {f"pool{k}/{name}": decl for name, decl in needed.items()}
        if backward and self.pyramid_height > 1:
            decls["dx"] = ScratchDecl(x, blob=True)
        return decls

    def backward_reads(self) -> Reads:
        return Reads()


class SPPLayer(Layer[SPP]):
    """Runs :class:`SPP`."""

    def setup(self) -> None:
        (x,), (y,), scratch = self.bottoms, self.tops, self.scratch
        self.ops: list[Op] = []
        self.copies: list[tuple[Array, Array]] = []
        self.diff_copies: list[tuple[Array, Array]] = []
        start = 0
        for k, window in enumerate(self.spec.windows(x.shape)):
            of_level, diff = scratch[f"y{k}"], scratch.get(f"dy{k}")
            part = slice(start, start + feature_size(of_level.shape))
            start = part.stop
            self.copies.append((y.data[:, part], rows(of_level)))
            if x.diff is not None and y.diff is not None:
                self.diff_copies.append((rows(scratch[f"dy{k}"]), y.diff[:, part]))
            # the first level writes the bottom's diff, the others what is added to it
            dx = scratch["dx"] if k and x.diff is not None else x.diff
            own = f"pool{k}/"
            needed = {n.removeprefix(own): a for n, a in scratch.items() if n.startswith(own)}
            self.ops.append(
                self.backend.pool2d(
                    self.spec.pooling, window, self.spec.divisor, x.data, of_level, dx, diff, needed
                )
            )

    def forward(self) -> None:
        for op, (part, of_level) in zip(self.ops, self.copies, strict=True):
            op.forward()
            self.xp.copyto(part, of_level)

    def backward(self) -> None:
        dx = self.bottoms[0].diff
        for k, (diff, part) in enumerate(self.diff_copies):
            self.xp.copyto(diff, part)
            self.ops[k].backward()
            if k:
                self.xp.add(dx, self.scratch["dx"], out=dx)
