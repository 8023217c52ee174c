"""Pad: a border round each image."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.fields import NonNegativeInt
from graphnet.layers.base import Binding, Layer, LayerSpec, Reads, Shapes


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
    """Put a border of zeros round each image, or repeat the pixels of its edge.

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C, top + H + bottom, left + W + right)``.
    Args:
        pad: ``[top, bottom, left, right]`` in pixels, or ``[height, width]`` for equal sides, or
            one number for all of them.
        mode: ``zero`` (default) or ``edge``: the nearest pixel of the image.
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

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        if len(x) != 4:  # noqa: PLR2004 (N, C, H, W)
            raise ShapeError(
                f"a bottom of shape {shape_text(x)} is no batch of images\n  expected (N, C, H, W)"
            )
        top, bottom, left, right = self.pad
        return [(x[0], x[1], top + x[2] + bottom, left + x[3] + right)]

    def scratch(
        self, bottoms: Shapes, backend: Backend, *, backward: bool
    ) -> dict[str, ScratchDecl]:
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

    def build(self, binding: Binding) -> PadLayer:
        return PadLayer(self, binding)


class PadLayer(Layer[Pad]):
    """Runs :class:`Pad`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        top, bottom, left, right = self.spec.pad
        # along each side: where the image lies, then its borders and the edge each of them meets
        rows, row_borders = _borders(x.shape[2], top, bottom)
        columns, column_borders = _borders(x.shape[3], left, right)
        self.image = (slice(None), slice(None), rows, columns)
        self.rows = [((..., border, columns), (..., edge, columns)) for border, edge in row_borders]
        self.columns = [((..., border), (..., edge)) for border, edge in column_borders]

        #: borders of dy, where their sum is put, and the part of dx that it is added to
        self.sums: list[tuple[Array, Array, Array]] = []
        if self.spec.mode == "zero" or x.diff is None:
            return
        dx, dy = x.diff, y.diff
        inner_rows = [(border, _shifted(edge, top)) for border, edge in row_borders]
        inner_columns = [(border, _shifted(edge, left)) for border, edge in column_borders]
        for border, edge in inner_rows:
            self.sums.append((dy[:, :, border, columns], self.scratch["row"], dx[:, :, edge]))
        for border, edge in inner_columns:
            self.sums.append((dy[:, :, rows, border], self.scratch["column"], dx[..., edge]))
        for row, row_edge in inner_rows:
            for column, column_edge in inner_columns:
                corner = dx[:, :, row_edge, column_edge]
                self.sums.append((dy[:, :, row, column], self.scratch["corner"], corner))

    def forward(self) -> None:
        y = self.tops[0].data
        self.xp.copyto(y[self.image], self.bottoms[0].data)
        for border, edge in (*self.rows, *self.columns):  # the columns take the corners with them
            self.xp.copyto(y[border], 0 if self.spec.mode == "zero" else y[edge])

    def backward(self) -> None:
        dx = self.bottoms[0].diff
        if dx is None:
            return
        self.xp.copyto(dx, self.tops[0].diff[self.image])
        for border, total, edge in self.sums:
            axes = tuple(k for k in (2, 3) if total.shape[k] == 1)
            self.xp.sum(border, axis=axes, keepdims=True, out=total)
            self.xp.add(edge, total, out=edge)


def _borders(size: int, before: int, after: int) -> tuple[slice, list[tuple[slice, slice]]]:
    """Along one side of the top: the image, and each border with the pixels it repeats."""
    end = before + size
    borders = [
        (slice(0, before), slice(before, before + 1)),
        (slice(end, end + after), slice(end - 1, end)),
    ]
    return slice(before, end), [(b, e) for b, e in borders if b.stop > b.start]


def _shifted(edge: slice, by: int) -> slice:
    """The same pixels counted within the image."""
    return slice(edge.start - by, edge.stop - by)
