"""Arrays on a flat piece of scratch."""

from __future__ import annotations

from math import prod

from graphnet.blob import Array, Shape

#: Memory is handed out in multiples of it, so that every array starts on a cache line.
LINE = 16


def footprint(*shapes: Shape) -> int:
    """The elements of scratch that :func:`carve` takes for arrays of these shapes."""
    return sum(-(-prod(shape) // LINE) * LINE for shape in shapes)


def carve(scratch: Array, *shapes: Shape) -> list[Array]:
    """Arrays of these shapes on one flat piece of scratch."""
    arrays, start = [], 0
    for shape in shapes:
        arrays.append(scratch[start : start + prod(shape)].reshape(shape))
        start += footprint(shape)
    return arrays
