"""Upsample: images of another size, whose pixels are copies of the nearest ones."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Literal

from pydantic import model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.declare.fields import PositivePair
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_extent, check_images


class Upsample(LayerSpec):
    """Enlarge images by whole factors, each pixel becoming ``scale`` equal ones, or to any size.

    With ``size``, pixel j of m along a side is a copy of pixel ``floor(j · n / m)`` of n. Interp
    takes means of pixels instead (bilinear).

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C, scale · H, scale · W)``, or ``(N, C, *size)``.
    Args:
        scale: ``[height, width]``: how many pixels of the top one of the bottom becomes.
        size: Instead of a scale: ``[height, width]`` of the top, which may be smaller.
    Example:
        - {name: up, type: Upsample, scale: 2, bottoms: [conv5], tops: [up]}
    Source:
        Caffe ``Upsample`` of the forks for YOLO (Redmon & Farhadi 2018, arXiv 1804.02767);
        PyTorch's ``Upsample`` and ``interpolate`` with ``mode="nearest"``.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Upsample"] = "Upsample"
    scale: PositivePair | None = None
    size: PositivePair | None = None

    @model_validator(mode="after")
    def _check_size(self) -> Upsample:
        if (self.size is None) == (self.scale is None):
            found = "neither 'scale' nor 'size'" if self.size is None else "'scale' and 'size'"
            raise ValueError(f"found {found}\n  expected one of them")
        return self

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_images(x)
        if self.scale:
            return [(*x[:2], x[2] * self.scale[0], x[3] * self.scale[1])]
        size = self.size or ()
        if self.blocks(x) is None:
            check_extent(x, *x[2:], *size)
        return [(*x[:2], *size)]

    def blocks(self, bottom: Shape) -> tuple[int, int] | None:
        """How many equal pixels one becomes, if all become as many."""
        if self.size is None:
            return self.scale
        (height, width), (tall, wide) = bottom[2:], self.size
        return None if tall % height or wide % width else (tall // height, wide // width)

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        if self.blocks(x) is not None and not backward:
            return {}
        return {"rows": ScratchDecl((*x[:2], y[2], x[3]), blob=True)}

    def backward_reads(self) -> Reads:
        return Reads()


class UpsampleLayer(Layer[Upsample]):
    """Runs :class:`Upsample`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        self.copies: list[tuple[Array, Array]] = []
        self.sums: list[tuple[Array, list[Array]]] = []
        self.unread: list[Array] = []
        blocks = self.spec.blocks(x.shape)
        if blocks is not None:
            self._bind_blocks(*blocks)
            return
        rows = self.scratch["rows"]
        self.copies += _copies(x.data, rows, 2) + _copies(rows, y.data, 3)
        if x.diff is not None:
            for large, small, axis in ((y.diff, rows, 3), (rows, x.diff, 2)):
                for target, copies in _readers(small, large, axis):
                    self.sums += [(target, copies)] if copies else []
                    self.unread += [] if copies else [target]

    def _bind_blocks(self, tall: int, wide: int) -> None:
        (x,), (y,) = self.bottoms, self.tops
        parts = [y.data[:, :, i::tall, j::wide] for i in range(tall) for j in range(wide)]
        self.copies = [(part, x.data) for part in parts]
        if x.diff is not None:
            rows = self.scratch["rows"]
            self.sums = [
                (rows, [y.diff[..., j::wide] for j in range(wide)]),
                (x.diff, [rows[:, :, i::tall] for i in range(tall)]),
            ]

    def forward(self) -> None:
        for to, source in self.copies:
            self.xp.copyto(to, source)

    def backward(self) -> None:
        for part in self.unread:
            part.fill(0)
        for to, (first, *others) in self.sums:
            self.xp.copyto(to, first)
            for other in others:
                self.xp.add(to, other, out=to)


def _runs(n: int, m: int) -> list[slice]:
    """The places among m that are copies of each of n."""
    edges = [-(-i * m // n) for i in range(n + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _at(array: Array, axis: int, places: slice) -> Array:
    return array[(slice(None),) * axis + (places,)]


def _copies(small: Array, large: Array, axis: int) -> list[tuple[Array, Array]]:
    """Parts of ``large``, and the place of ``small`` that each is a copy of."""
    runs = enumerate(_runs(small.shape[axis], large.shape[axis]))
    found = [(run, slice(i, i + 1)) for i, run in runs if run.start < run.stop]
    return [(_at(large, axis, run), _at(small, axis, place)) for run, place in found]


def _readers(small: Array, large: Array, axis: int) -> list[tuple[Array, list[Array]]]:
    """Each place of ``small``, and all its copies."""
    runs = enumerate(_runs(small.shape[axis], large.shape[axis]))
    return [
        (
            _at(small, axis, slice(i, i + 1)),
            [_at(large, axis, slice(j, j + 1)) for j in range(run.start, run.stop)],
        )
        for i, run in runs
    ]
