"""The ``axis`` property: NumPy's sense of ``(N, C, H, W)``, and never the batch axis."""

from __future__ import annotations

from math import prod
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from graphnet.blob import Array, Shape, reshaped, shape_text, storage
from graphnet.errors import ShapeError


def _not_batch(axis: int) -> int:
    if axis == 0:
        raise ValueError(
            "axis 0 is the batch axis\n  expected 1 (channels), 2, …, or −1 (the last)"
        )
    return axis


#: An axis of a sample: 1 for channels, −1 for the last.
FeatureAxis: TypeAlias = Annotated[int, AfterValidator(_not_batch)]


def axis_of(shape: Shape, axis: int) -> int:
    """``axis`` counted from the front.

    Raises:
        ShapeError: If the shape has no such axis, or it is the batch axis.
    """
    found = axis + len(shape) if axis < 0 else axis
    if len(shape) < 2:  # noqa: PLR2004  # the batch axis and one more
        raise ShapeError(
            f"a bottom of shape {shape_text(shape)} has no axis but the batch axis\n"
            f"  expected one more, as in {shape_text(shape)}×1 or more"
        )
    if not 1 <= found < len(shape):
        raise ShapeError(
            f"axis {axis} is none of a sample's axes in a bottom of shape {shape_text(shape)}"
            f"\n  expected 1 to {len(shape) - 1}, or −1 for the last"
        )
    return found


def without(shape: Shape, axis: int) -> Shape:
    """The shape with one axis left out."""
    return (*shape[:axis], *shape[axis + 1 :])


def with_size(shape: Shape, axis: int, size: int) -> Shape:
    """The shape with another size along one axis."""
    return (*shape[:axis], size, *shape[axis + 1 :])


def folded(shape: Shape, axis: int) -> Shape:
    """``(N, before, n, after)``: the sizes before and after an axis of a sample multiplied."""
    return (shape[0], prod(shape[1:axis]), shape[axis], prod(shape[axis + 1 :]))


def fold(array: Array, axis: int) -> Array:
    """The view ``(N, before, n, after)`` of a blob, in whichever order it is stored."""
    n, before, size, after = folded(tuple(array.shape), axis)
    if array.flags.c_contiguous:
        return reshaped(array, (n, before, size, after))
    return reshaped(storage(array), (before, size, after, n)).transpose(3, 0, 1, 2)


def split_sample(array: Array, sample: Shape) -> Array:
    """The view ``(N, *sample)`` of a blob: its samples in another shape, of as many elements."""
    n = array.shape[0]
    if array.flags.c_contiguous:
        return reshaped(array, (n, *sample))
    last = reshaped(storage(array), (*sample, n))
    return last.transpose((len(sample), *range(len(sample))))
