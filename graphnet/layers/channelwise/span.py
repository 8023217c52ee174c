"""Which axes of a blob the values of Scale and Bias span; over the others they are repeated."""

from __future__ import annotations

from dataclasses import dataclass

from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import LayerSpec, Shapes
from graphnet.layers.shape.axis import axis_of


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


def values_shape(x: Shape, span: AxisSpan) -> Shape:
    """The shape of learned values; a single one has shape ``(1,)``."""
    return x[span.first : span.end] or (1,)


def refuse_with_values(spec: LayerSpec) -> None:
    """See that keys about learned values are not given where a second bottom gives the values.

    Raises:
        ValueError: Naming the first such key.
    """
    about_values = spec.model_fields_set - LayerSpec.model_fields.keys() - {"neuron"}
    if len(spec.bottoms) > 1 and about_values:
        raise ValueError(
            f"'{min(about_values)}' has no meaning with a second bottom, which gives the values"
        )
