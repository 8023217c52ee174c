"""Pooling3D: the maximum or the mean of windows slid over volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import in_turn
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape
from graphnet.declare.fields import NonNegativeTriple, PositiveTriple
from graphnet.layers.base import Layer, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_volumes
from graphnet.layers.images.pooled import PoolingOverSides


class Pooling3D(PoolingOverSides):
    """The maximum or the mean of windows slid over each channel of a volume.

    Along each side the top has ``ceil((n + 2·pad − kernel) / stride) + 1`` places, as Pooling has;
    Pooling says what becomes of the padding, of equal maxima and of NaN. First every slice is
    pooled, then what follows each other in depth: the maximum of a window is that of its slices'
    maxima, and a mean and its divisor are products of both.

    Bottoms:
        each: ``(N, C, D, H, W)``.
    Tops:
        each: ``(N, C, D', H', W')``.
    Args:
        pooling: ``Max`` (default) or ``Mean``.
        kernel: ``[depth, height, width]`` of the windows; one number means all.
        stride: The step from one window to the next, ``[depth, height, width]``. Default 1.
        pad: What is added on both sides, ``[depth, height, width]``; less than the kernel. Default
            0.
        global: One window over the whole volume, instead of kernel, stride and pad.
        divisor: What a mean divides by: all of the ``kernel`` (default), the part of the window
            within the ``padded`` volume, or the ``valid`` part, within the volume itself.
        round_mode: ``ceil`` (default) or ``floor``: how many windows there are where they do not
            fit exactly.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: pool1, type: Pooling3D, kernel: [1, 2, 2], stride: [1, 2, 2], bottoms: [clip],
           tops: [pool1]}
    Source:
        Tran et al. 2015, arXiv 1412.0767. Neither Mocha nor Caffe has it.
    """

    sides: ClassVar[tuple[str, ...]] = ("depth", "height", "width")

    type: Literal["Pooling3D"] = "Pooling3D"
    kernel: PositiveTriple | None = None
    stride: PositiveTriple = (1, 1, 1)
    pad: NonNegativeTriple = (0, 0, 0)

    def check_bottom(self, x: Shape) -> None:
        check_volumes(x)

    def windows(self, bottom: Shape) -> tuple[Window, Window]:
        """Those of the slices, and those of what follows each other, seen as a column."""
        (kd, kh, kw), (sd, sh, sw), (pd, ph, pw) = self.geometry(bottom)
        return Window((kh, kw), (sh, sw), (ph, pw)), Window((kd, 1), (sd, 1), (pd, 0))

    def sliced(self, x: Shape) -> Shape:
        """What pooling each slice gives: ``(N, C, D, H', W')``."""
        return (*x[:3], *self.top_shapes([x])[0][3:])

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        middle = self.sliced(x)
        shapes = [(_as_slices(x), _as_slices(middle)), (_as_columns(middle), _as_columns(y))]
        decls = {"middle": ScratchDecl(middle, blob=True)}
        if backward:
            decls["dmiddle"] = ScratchDecl(middle, blob=True)
        for stage, window, (seen, made) in zip(
            ("slices", "depth"), self.windows(x), shapes, strict=True
        ):
            needed = backend.pool2d_scratch(self.pooling, window, seen, made, backward=backward)
            decls |= {f"{stage}/{name}": decl for name, decl in needed.items()}
        return decls


class Pooling3DLayer(Layer[Pooling3D]):
    """Runs :class:`Pooling3D`: two poolings of images, of views of the same arrays."""

    def setup(self) -> None:
        (x,), (y,), spec = self.bottoms, self.tops, self.spec
        middle, dmiddle = self.scratch["middle"], self.scratch.get("dmiddle")
        of_slices, of_depth = spec.windows(x.shape)
        wants_x = x.diff is not None
        slices = self.backend.pool2d(
            spec.pooling,
            of_slices,
            spec.divisor,
            x.data.reshape(_as_slices(x.shape)),
            middle.reshape(_as_slices(middle.shape)),
            x.diff.reshape(_as_slices(x.shape)) if x.diff is not None else None,
            dmiddle.reshape(_as_slices(middle.shape)) if dmiddle is not None and wants_x else None,
            self.part("slices"),
        )
        depth = self.backend.pool2d(
            spec.pooling,
            of_depth,
            spec.divisor,
            middle.reshape(_as_columns(middle.shape)),
            y.data.reshape(_as_columns(y.shape)),
            dmiddle.reshape(_as_columns(middle.shape)) if dmiddle is not None and wants_x else None,
            y.diff.reshape(_as_columns(y.shape)) if y.diff is not None else None,
            self.part("depth"),
        )
        self.bind_passes(
            forward=in_turn([slices.forward, depth.forward]),
            backward=in_turn([depth.backward, slices.backward]),
        )

    def part(self, stage: str) -> Mapping[str, Array]:
        """The scratch of one of the two."""
        mark = f"{stage}/"
        return {k.removeprefix(mark): a for k, a in self.scratch.items() if k.startswith(mark)}


def _as_slices(shape: Shape) -> Shape:
    """Volumes as images: a channel for each slice."""
    n, c, d, h, w = shape
    return (n, c * d, h, w)


def _as_columns(shape: Shape) -> Shape:
    """Volumes as images: a column for each place of a slice."""
    n, c, d, h, w = shape
    return (n, c, d, h * w)
