"""Pad: a border round each image."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.declare.fields import NonNegativeInt
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_images


def _four_sides(value: Any) -> Any:
    """One number is that of all sides, two are those of height and width."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,) * 4
    if isinstance(value, list | tuple) and len(value) == 2:  # noqa: PLR2004
        return (value[0], value[0], value[1], value[1])
    return value


#: ``[top, bottom, left, right]``; also ``[height, width]``, or one integer.
Sides: TypeAlias = Annotated[
    tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt, NonNegativeInt],
    BeforeValidator(_four_sides),
]


class Pad(LayerSpec):
    """Put a border of zeros, or another number, round each image, or repeat its edge's pixels.

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C, top + H + bottom, left + W + right)``.
    Args:
        pad: ``[top, bottom, left, right]`` in pixels, or ``[height, width]`` for equal sides, or
            one number for all of them.
        mode: ``zero`` (default) or ``edge``: the nearest pixel of the image.
        value: The number that the border has in place of 0. Default 0.
    Example:
        - {name: pad, type: Pad, pad: [2, 2], bottoms: [data], tops: [padded]}
        - {name: pad2, type: Pad, pad: [0, 1, 0, 1], mode: edge, bottoms: [conv1], tops: [padded2]}
    Source:
        Neither Mocha nor Caffe has it; Caffe's early ``padding`` layer was folded into the
        convolution. Its modes are ``constant`` and ``edge`` of ``numpy.pad``.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Pad"] = "Pad"
    pad: Sides
    mode: Literal["zero", "edge"] = "zero"
    value: float = 0.0

    @model_validator(mode="after")
    def _check_value(self) -> Pad:
        if self.mode == "edge" and "value" in self.model_fields_set:
            raise ValueError("'value' has no meaning with mode: edge, which repeats pixels")
        return self

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_images(x)
        top, bottom, left, right = self.pad
        return [(x[0], x[1], top + x[2] + bottom, left + x[3] + right)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        if self.mode == "zero" or not backward:
            return {}
        n, c, h, w = bottoms[0]
        return {
            "row": ScratchDecl((n, c, 1, w), blob=True),
            "column": ScratchDecl((n, c, h, 1), blob=True),
            "corner": ScratchDecl((n, c, 1, 1), blob=True),
        }

    def backward_reads(self) -> Reads:
        return Reads()


class PadLayer(Layer[Pad]):
    """Runs :class:`Pad`."""

    def setup(self) -> None:
        (x,), (y,), zero = self.bottoms, self.tops, self.spec.mode == "zero"
        top, bottom, left, right = self.spec.pad
        value = self.spec.value
        rows, row_borders = _borders(x.shape[2], top, bottom)
        columns, column_borders = _borders(x.shape[3], left, right)
        self.image = (slice(None), slice(None), rows, columns)
        everything = slice(None)
        # each border of the top, the edge of the image that it repeats, and scratch for the edge
        parts = [((rb, columns), (re, everything), "row") for rb, re in row_borders]
        parts += [((rows, cb), (everything, ce), "column") for cb, ce in column_borders]
        parts += [
            ((rb, cb), (re, ce), "corner") for rb, re in row_borders for cb, ce in column_borders
        ]
        self.borders: list[tuple[Array, Array | float]] = [
            (y.data[:, :, *border], value if zero else x.data[:, :, *edge])
            for border, edge, _ in parts
        ]
        self.sums: list[tuple[Array, Array, Array]] = []
        if not zero and x.diff is not None and y.diff is not None:
            self.sums = [
                (y.diff[:, :, *border], self.scratch[name], x.diff[:, :, *edge])
                for border, edge, name in parts
            ]

    def forward(self) -> None:
        self.xp.copyto(self.tops[0].data[self.image], self.bottoms[0].data)
        for border, edge in self.borders:
            self.xp.copyto(border, edge)

    def backward(self) -> None:
        dx, dy = self.bottoms[0].diff, self.tops[0].diff
        if dx is None or dy is None:
            return
        self.xp.copyto(dx, dy[self.image])
        for border, total, edge in self.sums:
            axes = tuple(k for k in (2, 3) if total.shape[k] == 1)
            self.xp.sum(border, axis=axes, keepdims=True, out=total)
            self.xp.add(edge, total, out=edge)


def _borders(size: int, before: int, after: int) -> tuple[slice, list[tuple[slice, slice]]]:
    """Along one side: the image in the top, and each border with the pixels it repeats."""
    end = before + size
    borders = [
        (slice(0, before), slice(0, 1)),
        (slice(end, end + after), slice(size - 1, size)),
    ]
    return slice(before, end), [(b, e) for b, e in borders if b.stop > b.start]
