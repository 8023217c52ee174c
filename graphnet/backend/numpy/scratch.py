"""Arrays carved out of flat scratch."""

from __future__ import annotations

from math import prod

from graphnet.blob import Array, Shape

#: Every array takes a multiple of so many elements, so that the next one starts on a cache line.
LINE = 16


def footprint(*shapes: Shape) -> int:
    """The elements of scratch that :func:`carve` takes for arrays of these shapes."""
    return sum(-(-prod(shape) // LINE) * LINE for shape in shapes)


def carve(scratch: Array, *shapes: Shape) -> list[Array]:
    """Arrays of these shapes, one after another in flat scratch."""
    arrays, start = [], 0
    for shape in shapes:
        arrays.append(scratch[start : start + prod(shape)].reshape(shape))
        start += footprint(shape)
    return arrays
