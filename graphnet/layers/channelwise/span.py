"""What Scale and Bias share: the axes that their values span, repeated over the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from graphnet.backend.base import ScratchDecl
from graphnet.backend.calls import Call, in_turn
from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Arity, Layer, LayerSpec, ScratchDecls, Shapes
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


def given_span(bottoms: Shapes, axis: int = 0) -> AxisSpan:
    """The axes of bottom 0 that bottom 1 spans, from ``axis`` on.

    Raises:
        ShapeError: If bottom 1 does not have the sizes of these axes.
    """
    x, values = bottoms
    first = axis_of(x, axis) if axis else 0
    if values != x[first : first + len(values)]:
        which = f"axes from axis {first} on" if first else "first axes"
        raise ShapeError(
            f"bottom 1 of shape {shape_text(values)} does not fit bottom 0 of shape {shape_text(x)}"
            f"\n  expected the sizes of its {which}, such as {shape_text(x[first : first + 2])}"
        )
    return AxisSpan(first, first + len(values), len(x))


class SpanningSpec(LayerSpec):
    """A layer with a value for each place on some axes, learned or given by a second bottom.

    Args:
        axis: The first axis the values span, in ``(N, C, H, W)``. Default: 1 of learned values;
            those of a second bottom begin with the batch axis unless it is given.
        num_axes: How many axes they span: −1 for all from ``axis`` on, 0 for one value that
            serves all elements. Default 1.
    """

    n_bottoms: ClassVar[Arity] = Arity(1, 2)
    overwrites: ClassVar[bool] = True

    axis: FeatureAxis = 1
    num_axes: int = Field(default=1, ge=-1)

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        about_values = self.model_fields_set - LayerSpec.model_fields.keys() - {"neuron", "axis"}
        if len(self.bottoms) > 1 and about_values:
            raise ValueError(
                f"'{min(about_values)}' has no meaning with a second bottom, which gives the values"
            )
        return self

    def span(self, bottoms: Shapes) -> AxisSpan:
        """The axes the values span."""
        if len(bottoms) > 1:
            return given_span(bottoms, self.axis if "axis" in self.model_fields_set else 0)
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

    def sum_scratch(self, bottoms: Shapes) -> ScratchDecls:
        """What the gradient of given values is added up in, where they lie in another order.

        A blob begins with the batch axis in memory too; values from another axis on do not.
        """
        if len(bottoms) > 1 and self.span(bottoms).first:
            return {"sums": ScratchDecl(bottoms[1])}
        return {}

    def bind_sum(self, layer: Layer[Any], terms: Array, out: Array) -> Call:
        """Bind the sum of the terms, of the shape of bottom 0, that go to each of the values."""
        others = self.span([b.shape for b in layer.bottoms]).others
        sums = layer.scratch.get("sums")
        if sums is None:
            return layer.backend.axes_sum(terms, others, out)
        add = layer.backend.axes_sum(terms, others, sums)
        return in_turn([add, partial(layer.xp.copyto, out, sums)])
