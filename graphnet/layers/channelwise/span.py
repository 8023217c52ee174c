"""What Scale and Bias share: the axes that their values span, repeated over the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import Field, model_validator

from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Arity, LayerSpec, Shapes
from graphnet.layers.shape.axis import FeatureAxis, axis_of
from graphnet.params.param import ParamDecl


@dataclass(frozen=True)
class AxisSpan:
    """Axes ``first`` up to but not including ``end`` of a blob of ``n_axes``."""

    first: int
    end: int
    n_axes: int

    def beside(self, values: Array) -> Array:
        """A view of the values that broadcasts against the blob."""
        shape = values.shape if self.end > self.first else ()
        return values.reshape((1,) * self.first + shape + (1,) * (self.n_axes - self.end))

    def part_of(self, x: Shape) -> Shape:
        """The shape of learned values beside a blob of that shape; a single one's is ``(1,)``."""
        return x[self.first : self.end] or (1,)

    @property
    def others(self) -> tuple[int, ...]:
        """The axes outside."""
        return (*range(self.first), *range(self.end, self.n_axes))


def learned_span(x: Shape, axis: int, num_axes: int) -> AxisSpan:
    """``num_axes`` axes from ``axis`` on; −1 is all there are, 0 none: one value for everything.

    Raises:
        ShapeError: If the bottom has fewer.
    """
    if num_axes == 0:
        return AxisSpan(0, 0, len(x))
    first = axis_of(x, axis)
    end = len(x) if num_axes == -1 else first + num_axes
    if end > len(x):
        raise ShapeError(
            f"a bottom of shape {shape_text(x)} has no {num_axes} axes from axis {axis} on"
            f"\n  expected num_axes: {len(x) - first} at most, or −1 for all of them"
        )
    return AxisSpan(first, end, len(x))


def given_span(bottoms: Shapes) -> AxisSpan:
    """The leading axes of bottom 0, which bottom 1 spans.

    Raises:
        ShapeError: If bottom 1 does not have the sizes of bottom 0's first axes.
    """
    x, values = bottoms
    if values != x[: len(values)]:
        raise ShapeError(
            f"bottom 1 of shape {shape_text(values)} does not fit bottom 0 of shape {shape_text(x)}"
            f"\n  expected the sizes of its first axes, such as {shape_text(x[:2])}"
        )
    return AxisSpan(0, len(values), len(x))


class SpanningSpec(LayerSpec):
    """A layer with a value for each place on some axes, learned or given by a second bottom.

    Args:
        axis: The first axis the learned values span, in ``(N, C, H, W)``. Default 1.
        num_axes: How many axes they span: −1 for all from ``axis`` on, 0 for one value that
            serves all elements. Default 1.
    """

    n_bottoms: ClassVar[Arity] = Arity(1, 2)
    overwrites: ClassVar[bool] = True

    axis: FeatureAxis = 1
    num_axes: int = Field(default=1, ge=-1)

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        about_values = self.model_fields_set - LayerSpec.model_fields.keys() - {"neuron"}
        if len(self.bottoms) > 1 and about_values:
            raise ValueError(
                f"'{min(about_values)}' has no meaning with a second bottom, which gives the values"
            )
        return self

    def span(self, bottoms: Shapes) -> AxisSpan:
        """The axes the values span."""
        if len(bottoms) > 1:
            return given_span(bottoms)
        return learned_span(bottoms[0], self.axis, self.num_axes)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        self.span(bottoms)
        return [bottoms[0]]

    def learned_decls(self, bottoms: Shapes, *names: str) -> dict[str, ParamDecl]:
        """The declarations of learned values; none with a second bottom."""
        if len(bottoms) > 1:
            return {}
        shape = self.span(bottoms).part_of(bottoms[0])
        return {name: self.decl(name, shape) for name in names}
