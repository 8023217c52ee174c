"""Arrays that start on a cache line, and arrays carved out of flat scratch."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnet.blob import ALIGNMENT, Array, Shape

#: Every array takes a multiple of so many elements, so that the next one starts on a cache line.
LINE = 16


def aligned(shape: Shape, dtype: np.dtype) -> Array:
    """Zeros, the first of them on a cache line.

    NumPy's own arrays begin somewhere. A vector register that is as wide as a line then reads two
    of them for each of its loads, and an element-wise function takes up to twice as long.
    """
    n_bytes = prod(shape) * np.dtype(dtype).itemsize
    return from_line(np.zeros(n_bytes + ALIGNMENT, np.uint8)).view(dtype).reshape(shape)


def from_line(raw: np.ndarray) -> np.ndarray:
    """The bytes from a cache line's start on, of which there are ``ALIGNMENT`` fewer."""
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + raw.size - ALIGNMENT]


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
