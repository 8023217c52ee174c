"""Maxima along one axis of a blob, where NumPy's own are slow.

NumPy reduces an axis in the middle in runs as long as the axes behind it, at 15 ns and more for
each run. So here one half of the axis is compared with the other in one call, until one element is
left.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

import numpy as np

from graphnet.backend.calls import Call, in_turn
from graphnet.backend.numpy.sums import PRODUCT_ELEMENTS
from graphnet.blob import Array, storage

#: Runs that take no longer than the calls on halves.
MOST_RUNS = 2**9


def bind_max(array: Array, axis: int, out: Array, scratch: Array) -> Call:
    """``out = array.max(axis, keepdims=True)``.

    Args:
        array: Seen as ``(N, …)``.
        axis: At least 1.
        out: Of size 1 along the axis.
        scratch: Like the array, in memory of its own.
    """
    parts = _around(axis, array, out, scratch)
    if parts is None or array.shape[axis] == 1 or _few_runs(parts[0]):
        return partial(array.max, axis=axis, keepdims=True, out=out)
    return in_turn(list(_halves(*parts)))


def _few_runs(x: Array) -> bool:
    """Whether NumPy's runs are few enough, or long: one number follows the other along the axis."""
    before, n, behind = x.shape
    return bool(behind == 1 or before * n <= MOST_RUNS)


def _around(axis: int, *arrays: Array) -> list[Array] | None:
    """Views of the stored arrays with three axes: those before the axis, it, those behind it.

    None where there is no such view, or it would be many small matrices.
    """
    parts = []
    for array in arrays:
        stored = storage(array)
        if not stored.flags.c_contiguous:
            return None
        at = axis - 1
        before, behind = prod(stored.shape[:at]), prod(stored.shape[at + 1 :])
        if before > 1 and arrays[0].shape[axis] * behind < PRODUCT_ELEMENTS:
            return None
        parts.append(stored.reshape(before, stored.shape[at], behind))
    return parts


def _halves(x: Array, out: Array, scratch: Array) -> Iterator[Call]:
    """The maxima of the first half and the second, until one element is left."""
    size = x.shape[1]
    while size > 1:
        half = size // 2
        to = out if size == 2 else scratch  # noqa: PLR2004  both are halves
        yield partial(np.maximum, x[:, :half], x[:, half : 2 * half], out=to[:, :half])
        if size % 2:
            to, of = (out if half == 1 else scratch)[:, :1], scratch[:, :1]
            yield partial(np.maximum, of, x[:, size - 1 : size], out=to)
        x, size = scratch, half
