"""A ufunc of an array and of a smaller one, whose numbers are repeated along some axes.

NumPy repeats by going through the innermost axes in runs, at about 10 ns for each run. Stored batch
last, a blob of few samples has runs of few numbers:

    a (2, 6, 3)      0 1 2 3 4 5 … 17 │ 18 …          six runs of three numbers in each of two rows
    b (2, 1, 3)      x y z            │ u v w

So ``b`` is written down several times, side by side, in scratch, and meets as many runs at once:

    b, three times   x y z x y z x y z                two runs of nine numbers

What is computed of which numbers stays the same, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from math import isqrt, prod
from typing import Any, NamedTuple

import numpy as np

from graphnet.backend.calls import Call
from graphnet.backend.numpy.sums import SCRATCH_ELEMENTS, ThreadScratch
from graphnet.blob import Array, storage

#: Numbers of a run from which on copies, and one copy for all rows, cost more than they save; and
#: those that a longer run has at most.
LONG, LONG_FOR_ALL, LONGEST = 32, 128, 1024
#: The fewest runs that are worth the calls, which take as long as some hundred runs.
WORTH = 2**9


def bind_repeated(
    scratch: ThreadScratch, function: np.ufunc, a: Array, b: Array, out: Array
) -> Call:
    """``function(a, b, out=out)``.

    Args:
        scratch: Of the thread that calls.
        function: Of two arrays.
        a: Seen as ``(N, …)``.
        b: Of as many axes, some of them of size 1.
        out: Like ``a``; it may be the same memory.
    """
    plain = partial(function, a, b, out=out)
    if a.size < 2 * WORTH or b.ndim != a.ndim or b.size in (1, a.size):
        return plain
    stored = [storage(array) for array in (a, b, out)]
    sizes, kept = _axes(stored[0].shape, stored[1].shape)
    shapes = sizes, [n if has else 1 for n, has in zip(sizes, kept, strict=True)], sizes
    try:
        views = [x.reshape(s, copy=False) for x, s in zip(stored, shapes, strict=True)]
    except ValueError:  # gaps between the elements
        return plain
    if not (stored[0][0].flags.c_contiguous and stored[2][0].flags.c_contiguous):
        return plain
    match kept:
        case [*before, False, True] if len(before) <= 1 and sizes[-1] < LONG:
            parts = [v if before else v[np.newaxis] for v in views]
            copies = _n_copies(sizes[-2], LONGEST // sizes[-1])
        case [False, True, False] if sizes[-1] < LONG_FOR_ALL:
            # the same for all rows: written down once, as long as a row
            parts = [v.reshape(v.shape[0], v.shape[1], -1) for v in views]
            return _once(scratch, function, parts) or plain
        case _:
            return plain
    if copies < 2 or a.size // sizes[-1] < WORTH:  # noqa: PLR2004  # nothing is gained
        return plain
    return _Copies(scratch, function, parts, copies)


def _n_copies(n: int, most: int) -> int:
    """How many copies n runs meet: about √n, so many that they fit without a rest if possible."""
    root = isqrt(n)
    near = range(min(most, 2 * root), root // 2, -1)
    return next((k for k in near if n % k == 0), min(most, root))


class _Rows(NamedTuple):
    """Some rows: what is written down several times, and the arrays that meet it."""

    b: Array
    shape: tuple[int, ...]
    met: list[tuple[Array, Array]]


class _Copies:
    """The call, with ``a (rows, n, width)`` and ``b (rows, 1, width)``.

    Args:
        scratch: Of the thread that calls.
        function: Of two arrays.
        arrays: a, b, out.
        copies: Of ``b``, side by side.
    """

    def __init__(
        self,
        scratch: ThreadScratch,
        function: Callable[..., Any],
        arrays: list[Array],
        copies: int,
    ) -> None:
        self.scratch, self.function, self.dtype = scratch, function, arrays[1].dtype
        width = arrays[0].shape[2]
        step = max(1, SCRATCH_ELEMENTS // (copies * width))
        self.rows = list(self._cut(arrays, copies, step))

    @staticmethod
    def _cut(arrays: list[Array], copies: int, step: int) -> Iterator[_Rows]:
        n_rows, n, width = arrays[0].shape
        whole = n - n % copies
        for start in range(0, n_rows, step):
            a, b, out = (array[start : start + step] for array in arrays)
            shape = (len(b), copies, width)
            long = (len(b), whole // copies, copies * width)
            met = [(a[:, :whole].reshape(long), out[:, :whole].reshape(long))]
            if whole < n:
                rest = (len(b), 1, (n - whole) * width)
                met.append((a[:, whole:].reshape(rest), out[:, whole:].reshape(rest)))
            yield _Rows(b, shape, met)

    def __call__(self) -> None:
        """Compute."""
        for b, shape, met in self.rows:
            wide = self.scratch.of(self.dtype, *shape)
            np.copyto(wide, b)
            long = wide.reshape(len(b), 1, -1)
            for a, out in met:
                self.function(a, long[:, :, : a.shape[2]], out=out)


def _once(scratch: ThreadScratch, function: np.ufunc, arrays: list[Array]) -> Call | None:
    """The call with ``a (rows, n, width)`` and ``b (1, n, 1)``; None where nothing is gained."""
    a, b, out = arrays
    rows, n, width = a.shape
    if n * width > SCRATCH_ELEMENTS or rows == 1 or rows * n < WORTH:
        return None
    long_a, long_out = a.reshape(rows, -1), out.reshape(rows, -1)

    def run() -> None:
        wide = scratch.of(b.dtype, n, width)
        np.copyto(wide, b[0])
        function(long_a, wide.reshape(-1), out=long_out)

    return run


def _axes(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[list[int], list[bool]]:
    """The axes of ``a``, neighbours of one kind as one: their sizes, and whether ``b`` has them."""
    pairs = [(n, m == n) for n, m in zip(a, b, strict=True) if n > 1]
    runs = [(has, [n for n, _ in run]) for has, run in groupby(pairs, lambda pair: pair[1])]
    return [prod(run) for _, run in runs], [has for has, _ in runs]
