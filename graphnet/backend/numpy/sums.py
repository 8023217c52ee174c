"""Sums of many numbers that rounding leaves right to a part in a million, also in float32.

Numbers added one after another lose more the more there are: the sum of 2**24 equal ones in float32
is off by up to 6 %. NumPy adds pairwise if they lie side by side, but one by one along any other
axis, and BLAS in as many lanes as a vector register has. So here at most :data:`PLAIN` are added
one by one. Rows of such sums are then folded,

    a b c d e f g h  →  a+e b+f c+g d+h  →  a+e+c+g b+f+d+h  →  …

and the sums of several tiles are added in float64. What is added to what depends on shapes alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from math import prod

import numpy as np

from graphnet.backend.calls import Call, cut, in_turn
from graphnet.backend.numpy.scratch import aligned
from graphnet.blob import Array, storage

#: Numbers that are added one by one at most, and by a product with ones, which adds some at a time.
PLAIN, PLAIN_PRODUCT = 64, 128
#: The fewest elements of each of several products: below, their calls cost more than runs do.
PRODUCT_ELEMENTS = 512
#: Numbers side by side of which there are too few for NumPy's loops, at 10 ns for each run of them.
FEW = 16
#: Rows of a tile that a product adds up, and elements of a row that make it worth its call.
ROWS, WIDE = 32, 64
#: Numbers side by side that one call of BLAS adds, in many lanes: in each block, and at most.
DOT, ONES = 256, 512
#: By how many deviations a mean may be off 0 where the variance is the difference of two means.
FAR = 4
#: Elements of a thread's scratch, and of a row of a tile.
SCRATCH_ELEMENTS, ROW = 2**16, 2**9


class ThreadScratch(threading.local):
    """Scratch of each thread; nothing in it outlives a call."""

    def __init__(self) -> None:
        self._elements = aligned((SCRATCH_ELEMENTS,), np.dtype(np.float64))
        self.wide = aligned((ROW,), np.dtype(np.float64))

    def of(self, dtype: np.dtype, *shape: int) -> Array:
        """An array of this shape."""
        return self._elements.view(dtype)[: prod(shape)].reshape(shape)


def bind_sum(scratch: ThreadScratch, array: Array, axes: Sequence[int], out: Array) -> Call:
    """``out = array.sum(axes, keepdims=True)``; the call may run in any thread.

    Args:
        scratch: Of the thread that calls.
        array: Without gaps, in C order or stored as a blob.
        axes: Those the sum runs over; what they leave is at most two runs of axes, as stored.
        out: Likewise without gaps; of as many elements as the sum has.

    Raises:
        ValueError: If the array has gaps, or the axes leave more.
    """
    x = _grouped(array, axes)
    to = _in_order(out).reshape(x.shape[0], x.shape[2])
    kept, n, width, behind = x.shape
    if not x.size:
        return partial(to.fill, 0)
    if n == 1 < behind < FEW <= kept * width:
        return bind_row_sums(x[:, 0], to)
    if n == width == 1 and behind > ONES:
        return bind_row_sums(x[:, 0, 0], to[:, 0])
    if n == 1:
        return partial(np.add.reduce, x[:, 0], 2, None, to)  # pairwise, where they lie in a row
    if behind == 1 and n <= PLAIN_PRODUCT and _by_product(kept, n, width):
        ones = np.ones((1, n), x.dtype)
        if kept == 1:
            return partial(ones.dot, x[0, :, :, 0], to)
        return partial(np.matmul, ones, x[..., 0], to[:, np.newaxis])
    if behind == 1 and n <= PLAIN:
        return partial(np.add.reduce, x[..., 0], 1, None, to)
    return _Tiles(scratch, x, to)


def _by_product(kept: int, n: int, width: int) -> bool:
    """Whether one product with ones for each kept element is quicker than NumPy's runs."""
    return kept == 1 or n * width >= (PRODUCT_ELEMENTS if width >= FEW else FEW)


def bind_row_sums(matrix: Array, out: Array) -> Call:
    """``out = matrix.sum(-1)``, of numbers that lie side by side in rows."""
    n = matrix.shape[-1]
    if n <= ONES:  # a product with ones is the quickest sum
        return partial(np.matmul, matrix, np.ones(n, matrix.dtype), out)
    ones, whole = np.ones(DOT, matrix.dtype), n - n % DOT
    blocks = matrix[..., :whole].reshape(*matrix.shape[:-1], -1, DOT)
    sums = np.empty((*matrix.shape[:-1], whole // DOT + (whole < n)), matrix.dtype)
    calls: list[Call] = [partial(np.matmul, blocks, ones, sums[..., : whole // DOT])]
    if whole < n:
        calls.append(partial(np.matmul, matrix[..., whole:], ones[: n - whole], sums[..., -1]))
    return in_turn([*calls, partial(np.add.reduce, sums, -1, None, out)])


def bind_sum_of_rows(rows: Array, out: Array) -> Call:
    """``out = rows.sum(0)``; where there are many, the rows are written over."""
    if len(rows) <= PLAIN:
        return partial(np.add.reduce, rows, 0, None, out)
    return lambda: np.copyto(out, _fold(rows[np.newaxis])[0])


def add_products(scratch: ThreadScratch, a: Array, b: Array, out: Array) -> None:
    """``out (rows,) = Σ a · b`` over the columns of two matrices without gaps.

    ``out`` is assigned; in float64 it keeps all that there is.
    """
    n_rows, n = a.shape
    per_piece = (SCRATCH_ELEMENTS - 1) * DOT
    if n > per_piece:
        for i in range(n_rows):
            pieces = (slice(*span) for span in cut(n, -(-n // per_piece), multiple=DOT))
            out[i] = sum(
                float(_dots(scratch, a[i : i + 1, piece], b[i : i + 1, piece])[0])
                for piece in pieces
            )
        return
    step = SCRATCH_ELEMENTS // (n // DOT + 1)
    for start in range(0, n_rows, step):
        some = slice(start, start + step)
        out[some] = _dots(scratch, a[some], b[some], out.dtype)


def _dots(scratch: ThreadScratch, a: Array, b: Array, dtype: np.dtype | None = None) -> Array:
    """Σ a · b of rows that fit into the scratch; its parts are added in ``dtype``."""
    n_rows, n = a.shape
    whole = n - n % DOT
    sums = scratch.of(a.dtype, n_rows, n // DOT + 1)
    left, right = (rows[:, :whole].reshape(n_rows, -1, DOT) for rows in (a, b))
    np.vecdot(left, right, out=sums[:, :-1])
    np.vecdot(a[:, whole:], b[:, whole:], out=sums[:, -1])
    dots: Array = np.add.reduce(sums, 1, dtype)
    return dots


def bind_moments(
    scratch: ThreadScratch, x: Array, mean: Array, variance: Array
) -> Callable[[], bool]:
    """Mean and variance of each row of a matrix without gaps, by Σ x and Σ x².

    Sums of 256 are added in float64, so that the difference of the two means is as right as the
    products are, unless the mean is far from 0: by more than :data:`FAR` times the deviation. The
    call is false then and of a row that is not finite, and what it has written is of no use.
    """
    n_rows, n = x.shape
    wide, squares, means = np.empty((3, n_rows))
    add_up = bind_sum(scratch, x, (1,), wide)

    def find() -> bool:
        add_up()
        add_products(scratch, x, x, squares)
        np.divide(wide, n, wide)
        np.divide(squares, n, squares)
        np.multiply(wide, wide, means)
        np.subtract(squares, means, squares)
        np.copyto(mean, wide, casting="same_kind")
        np.copyto(variance, squares, casting="same_kind")
        np.multiply(squares, FAR**2, squares)
        return bool(np.greater_equal(squares, means).all())

    return find


class _Tiles:
    """Sums over the rows of tiles, each folded to one row.

    Args:
        scratch: Of the thread that calls.
        x: ``(kept, n, width, behind)``; the sum runs over n and behind.
        out: ``(kept, width)``.
    """

    def __init__(self, scratch: ThreadScratch, x: Array, out: Array) -> None:
        self.scratch, self.x, self.out = scratch, x, out
        _, n, width, behind = x.shape
        self.columns = [slice(*span) for span in cut(width, -(-width // ROW))]
        widest = max(c.stop - c.start for c in self.columns)
        # rows side by side that one product adds as if they were one, where they are narrow
        self.together = 1
        if behind == 1 and widest == width:
            while self.together * width < WIDE:
                self.together *= 2
        self.rows = self.together * (ROWS if behind == 1 else 1)
        most = SCRATCH_ELEMENTS // 2 // (self.together * widest)
        self.parts = [slice(*span) for span in cut(n, -(-n // (most * self.rows)), self.rows)]
        per_tile = self._n_left(self.parts[-1]) if len(self.parts) == 1 else SCRATCH_ELEMENTS
        self.step = max(1, SCRATCH_ELEMENTS // 2 // (per_tile * widest))

    def __call__(self) -> None:
        """Add up."""
        for start in range(0, len(self.x), self.step):
            for columns in self.columns:
                self._add_up(slice(start, start + self.step), columns)

    def _add_up(self, kept: slice, columns: slice) -> None:
        out = self.out[kept, columns]
        if len(self.parts) == 1:
            np.copyto(out, self._tile(kept, self.parts[0], columns))
            return
        wide = self.scratch.wide[: out.shape[1]]  # of one kept element
        wide.fill(0)
        for part in self.parts:
            np.add(wide, self._tile(kept, part, columns)[0], out=wide)
        np.copyto(out[0], wide, casting="same_kind")

    def _tile(self, kept: slice, part: slice, columns: slice) -> Array:
        """The sum of a tile, ``(kept, width)``."""
        x = self.x[kept, part, columns]
        n_kept, _, width, behind = x.shape
        left = self.scratch.of(x.dtype, n_kept, self._n_left(part), width)
        is_wide = behind <= ONES and width * behind >= PRODUCT_ELEMENTS
        if behind >= FEW and not is_wide:
            np.add.reduce(x, 3, out=left)
        elif behind > 1:
            np.matmul(x, np.ones(behind, x.dtype), out=left)
        else:
            self._shrink(x[..., 0], left)
        return _fold(left)

    def _n_left(self, part: slice) -> int:
        """The rows of a part that are left to be folded."""
        products, rest = divmod(int(part.stop - part.start), self.rows)
        return products * self.together + rest

    def _shrink(self, x: Array, left: Array) -> None:
        """One row for each :data:`ROWS` of a tile's, and those that are left over."""
        n_kept, n, width = x.shape
        n_products = n // self.rows
        whole, made = n_products * self.rows, n_products * self.together
        if n_products:
            row = self.together * width
            blocks = x[:, :whole].reshape(n_kept, n_products, ROWS, row)
            sums = left[:, :made].reshape(n_kept, n_products, 1, row)
            np.matmul(np.ones((1, ROWS), x.dtype), blocks, out=sums)
        np.copyto(left[:, made:], x[:, whole:])


def _fold(x: Array) -> Array:
    """``x.sum(1)``, one half upon the other, in place."""
    n = x.shape[1]
    while n > 1:
        half = n // 2
        np.add(x[:, :half], x[:, half : 2 * half], out=x[:, :half])
        if n % 2:
            np.add(x[:, :1], x[:, n - 1 : n], out=x[:, :1])
        n = half
    return x[:, 0]


def _in_order(array: Array) -> Array:
    """A view of the elements in the order they are stored in.

    Raises:
        ValueError: If there are gaps between them.
    """
    for stored in (array, storage(array)) if array.ndim else (array,):
        if stored.flags.c_contiguous:
            return stored
    raise ValueError(f"an array of shape {array.shape} has gaps")


def _grouped(array: Array, axes: Sequence[int]) -> Array:
    """The view ``(kept, summed, kept, summed)``, some of size 1; numbers in a row come last."""
    stored = _in_order(array)
    is_summed = [axis in axes for axis in range(array.ndim)]
    if stored is not array:
        is_summed = [*is_summed[1:], is_summed[0]]
    shape = [1, 1, 1, 1]
    place = -1
    for summed, size in _runs(is_summed, stored.shape):
        place += 1 + (place % 2 == summed)
        if place > len(shape) - 1:
            raise ValueError(f"axes {tuple(axes)} of shape {array.shape} leave too many parts")
        shape[place] = size
    kept, n, width, behind = shape
    if width == behind == 1:
        n, behind = behind, n
    return stored.reshape(kept, n, width, behind)


def _runs(is_summed: Sequence[bool], shape: Sequence[int]) -> Iterator[tuple[bool, int]]:
    """Neighbouring axes of one kind as one; those of size 1 are of any."""
    axes = [(s, size) for s, size in zip(is_summed, shape, strict=True) if size != 1]
    for summed, run in groupby(axes, lambda axis: axis[0]):
        yield summed, prod(size for _, size in run)
