"""Matrix products in pieces that OpenBLAS multiplies without packing them first.

On processors with AVX-512, OpenBLAS has kernels for small matrices that read them where they lie. A
product that is cut into pieces so small, in one call to NumPy, is a tenth to a half faster there.
On other processors it is a tenth slower, and is left whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnet.backend.calls import Call
from graphnet.backend.numpy.limits import blas_libraries
from graphnet.blob import Array

#: OpenBLAS multiplies matrices of up to so many multiply-adds without packing them first.
UNPACKED = 1_000_000
#: If the right one is stored column after column, only up to so many elements of the product.
TURNED = 1200
#: Columns of a piece: two vector registers of float32.
COLUMNS = 32
#: Float32 numbers of a vector register. The columns of a matrix that is laid out are a multiple of
#: it, and a piece has at least so many rows, or half as many where the matrix is not laid out.
VECTOR = 16
#: Elements of the product that make a piece worth its start.
WORTH_A_PIECE = 1024
#: Processors, as OpenBLAS calls them, for which it has those kernels.
PROCESSORS = ("SkylakeX", "Cooperlake", "SapphireRapids")


def has_unpacked() -> bool:
    """Whether NumPy's BLAS has kernels for small matrices on this processor."""
    return any(blas.architecture in PROCESSORS for blas in blas_libraries())


def by_columns(left: Array, right: Array, out: Array) -> Iterator[Call]:
    """Calls that write ``left @ right`` to ``out``, a few columns at a time.

    Args:
        left: ``(…, M, D)``.
        right: ``(…, D, n)``.
        out: ``(…, M, n)``.
    """
    n_rows, depth = left.shape[-2:]
    n = right.shape[-1]
    is_small, pieces_are_small = (n_rows * depth * size <= UNPACKED for size in (n, COLUMNS))
    if n <= COLUMNS or is_small or not pieces_are_small or not has_unpacked():
        yield partial(np.matmul, left, right, out)
        return
    whole = n - n % COLUMNS
    pieces = _in_columns(right[..., :whole]), _in_columns(out[..., :whole])
    yield partial(np.matmul, left[..., np.newaxis, :, :], *pieces)
    if whole < n:
        yield partial(np.matmul, left, right[..., whole:], out[..., whole:])


def by_rows(left: Array, right: Array, out: Array, scratch: Array | None = None) -> Iterator[Call]:
    """Calls that write ``left @ right`` to ``out``, a few rows at a time.

    Args:
        left: ``(…, M, D)``.
        right: ``(…, D, n)``, stored column after column.
        out: ``(…, M, n)``.
        scratch: Flat, at least as large as ``right``; if given, ``right`` may be laid out in it row
            after row, which pays if ``left`` has many rows.
    """
    n_rows, depth = left.shape[-2:]
    n = right.shape[-1]
    small = min(UNPACKED // (depth * n), n_rows)
    laid_out = _divisor(n_rows, small) if scratch is not None and n % VECTOR == 0 else 0
    turned = _divisor(n_rows, min(TURNED // n, small))
    pieces = 0  # rows of each
    if has_unpacked() and turned < n_rows:
        if scratch is not None and laid_out >= VECTOR:
            by_row = scratch[: right.size].reshape(right.shape)
            yield partial(np.copyto, by_row, right)
            right, pieces = by_row, laid_out
        elif 2 * turned >= VECTOR:
            pieces = turned
    if not pieces:
        yield partial(np.matmul, left, right, out)
        return
    right = right[..., np.newaxis, :, :]
    yield partial(np.matmul, _in_rows(left, pieces), right, _in_rows(out, pieces))


def in_pieces(left: Array, right: Array, out: Array) -> Call:
    """The call ``out = left @ right``, a few rows at a time where that is faster.

    Args:
        left: ``(M, D)``, or a stack of such.
        right: ``(…, D, n)``, stored row after row.
        out: ``(…, M, n)``.
    """
    n_rows, depth = left.shape[-2:]
    n = right.shape[-1]
    rows = _divisor(n_rows, min(n_rows, UNPACKED // max(1, depth * n)))
    is_row_by_row = right.strides[-1] == right.itemsize
    if rows == n_rows or rows * n < WORTH_A_PIECE or not is_row_by_row or not has_unpacked():
        return partial(np.matmul, left, right, out)
    right = right[..., np.newaxis, :, :]
    return partial(np.matmul, _in_rows(left, rows), right, _in_rows(out, rows))


def _divisor(number: int, most: int) -> int:
    """The largest divisor that is not larger than ``most``; 0 if there is none."""
    return next((d for d in range(most, 0, -1) if number % d == 0), 0)


def _in_columns(array: Array) -> Array:
    """``(…, pieces, D, COLUMNS)`` of ``(…, D, n)``: a view."""
    *outer, depth, n = array.shape
    *steps, down, along = array.strides
    shape = (*outer, n // COLUMNS, depth, COLUMNS)
    return as_strided(array, shape, (*steps, along * COLUMNS, down, along))


def _in_rows(array: Array, n_rows: int) -> Array:
    """``(…, pieces, n_rows, n)`` of ``(…, M, n)``: a view."""
    *outer, whole, n = array.shape
    *steps, down, along = array.strides
    shape = (*outer, whole // n_rows, n_rows, n)
    return as_strided(array, shape, (*steps, down * n_rows, down, along))
