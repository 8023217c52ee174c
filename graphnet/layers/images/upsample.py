"""Upsample: every pixel becomes a rectangle of equal ones."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.declare.fields import PositivePair
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_images


class Upsample(LayerSpec):
    """Enlarge images by whole factors: each pixel becomes ``scale`` equal ones.

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C, scale · H, scale · W)``.
    Args:
        scale: ``[height, width]``: how many pixels of the top one of the bottom becomes.
    Example:
        - {name: up, type: Upsample, scale: 2, bottoms: [conv5], tops: [up]}
    Source:
        Caffe ``Upsample`` of the forks for YOLO (Redmon & Farhadi 2018, arXiv 1804.02767).
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Upsample"] = "Upsample"
    scale: PositivePair

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_images(x)
        return [(x[0], x[1], x[2] * self.scale[0], x[3] * self.scale[1])]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        if not backward:
            return {}
        n, channels, height, width = bottoms[0]
        return {"rows": ScratchDecl((n, channels, height * self.scale[0], width), blob=True)}

    def backward_reads(self) -> Reads:
        return Reads()


class UpsampleLayer(Layer[Upsample]):
    """Runs :class:`Upsample`."""

    def setup(self) -> None:
        (x,), (y,), (tall, wide) = self.bottoms, self.tops, self.spec.scale
        self.parts: list[Array] = [
            y.data[:, :, i::tall, j::wide] for i in range(tall) for j in range(wide)
        ]
        self.sums: list[tuple[Array, list[Array]]] = []
        if x.diff is not None:
            rows = self.scratch["rows"]
            self.sums = [
                (rows, [y.diff[..., j::wide] for j in range(wide)]),
                (x.diff, [rows[:, :, i::tall] for i in range(tall)]),
            ]

    def forward(self) -> None:
        for part in self.parts:
            self.xp.copyto(part, self.bottoms[0].data)

    def backward(self) -> None:
        for to, (first, *others) in self.sums:
            self.xp.copyto(to, first)
            for other in others:
                self.xp.add(to, other, out=to)
