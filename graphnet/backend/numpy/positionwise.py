"""The inner product at several positions of a sample, on batch-last storage.

``y (L, M, N) = W (M, D) @ x (L, D, N) + b``: one matrix product for each of the L positions. One
product for all would need the columns of all positions side by side, which memory does not hold;
for the diff of W they are laid out so, some positions at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

import numpy as np

from graphnet.backend.base import InnerProductArrays
from graphnet.backend.calls import Call, Op, cut
from graphnet.backend.numpy.inner_product import MOST_PARTS, PART_MACS
from graphnet.backend.numpy.products import in_pieces
from graphnet.backend.numpy.scratch import aligned
from graphnet.backend.numpy.sums import bind_row_sums, bind_sum_of_rows
from graphnet.backend.numpy.threads import Task, ThreadPool
from graphnet.blob import Array, reshaped, storage

#: Terms of the sums that one product makes, and how many parts such a sum has at most: each turns
#: all rows of the shorter side for itself.
DEPTH, MOST_SUMS = 512, 2


def bind_positionwise(pool: ThreadPool, arrays: InnerProductArrays) -> Op:
    """An inner product bound to arrays whose top has axes between the first and the last."""
    weight, bias = arrays.weight, arrays.bias
    n_positions = prod(arrays.y.shape[1:-1])
    x, y = by_position(arrays.x, n_positions), by_position(arrays.y, n_positions)
    macs = weight.size * n_positions * x.shape[2]
    n_parts, inline = min(MOST_PARTS, macs // PART_MACS), macs < 2 * PART_MACS
    addend = None if bias is None else bias[:, None]
    forward = [pool.task(*c) for c in _products(n_parts, weight, x, y, addend)]
    backward: list[Task] = []
    if arrays.dy is not None:
        dy = by_position(arrays.dy, n_positions)
        if arrays.dweight is not None:
            backward += [pool.task(*c) for c in _sums_of_products(dy, x, arrays.dweight)]
        if arrays.dx is not None:
            dx = by_position(arrays.dx, n_positions)
            backward += [pool.task(*c) for c in _products(n_parts, weight.T, dy, dx)]
        if arrays.dbias is not None:
            biases = aligned(dy.shape[:2], dy.dtype)
            add_up = bind_sum_of_rows(biases, arrays.dbias)
            backward.append(pool.task(bind_row_sums(dy, biases), add_up))
    return Op(pool.bind(forward, inline=inline), pool.bind(backward, inline=inline))


def _products(
    n_parts: int, left: Array, right: Array, out: Array, addend: Array | None = None
) -> Iterator[list[Call]]:
    """``out[l] = left @ right[l] + addend``, some positions a task."""
    for span in cut(len(right), n_parts):
        part = slice(*span)
        calls: list[Call] = [in_pieces(left, right[part], out[part])]
        if addend is not None:
            calls.append(partial(np.add, out[part], addend, out[part]))
        yield calls


def _sums_of_products(left: Array, right: Array, out: Array) -> Iterator[list[Call]]:
    """``out = Σ left[l] @ right[l].T``, some rows or columns of it a task.

    Positions whose samples are :data:`DEPTH` together are laid side by side and multiplied at once:
    of the longer side row by row, of the shorter one turned, so that BLAS reads it where it lies.
    """
    if len(out) < out.shape[1]:
        left, right, out = right, left, out.T
    n_positions, _, n_samples = left.shape
    macs = out.size * n_positions * n_samples
    at_once = min(n_positions, max(1, DEPTH // n_samples))
    starts = range(0, n_positions, at_once)
    for span in cut(len(out), min(MOST_SUMS, macs // PART_MACS), multiple=16):
        run = slice(*span)
        long, total = left[:, run], aligned(out[run].shape, out.dtype)
        term = aligned(total.shape if len(starts) > 1 else (0,), out.dtype)
        room = [aligned((f[:at_once].size,), out.dtype) for f in (long, right)]
        calls: list[Call] = []
        for start in starts:
            some = slice(start, start + at_once)
            a = _laid_out(long[some].swapaxes(0, 1), room[0], calls)
            b = _laid_out(right[some].swapaxes(1, 2), room[1], calls)
            rows, columns = a.reshape(len(total), -1), b.reshape(-1, total.shape[1])
            calls.append(in_pieces(rows, columns, term if start else total))
            if start:
                calls.append(partial(np.add, total, term, total))
        calls.append(partial(np.copyto, out[run], total))
        yield calls


def _laid_out(factor: Array, room: Array, calls: list[Call]) -> Array:
    """A copy of an array without gaps, which a new call writes."""
    laid = room[: factor.size].reshape(factor.shape)
    calls.append(partial(np.copyto, laid, factor))
    return laid


def by_position(array: Array, n_positions: int) -> Array:
    """The view ``(L, D, N)`` of an array seen as ``(N, …)``, in whichever order it is stored."""
    n_samples = array.shape[0]
    if array.flags.c_contiguous:
        return array.reshape(n_samples, n_positions, -1).transpose(1, 2, 0)
    return reshaped(storage(array), (n_positions, -1, n_samples))
