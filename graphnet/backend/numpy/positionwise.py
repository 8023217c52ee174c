"""The inner product at several positions of a sample, on batch-last storage.

``y (L, M, N) = W (M, D) @ x (L, D, N) + b``: one matrix product for each of the L positions. One
product for all would need the columns of all positions side by side, which memory does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

import numpy as np

from graphnet.backend.base import InnerProductArrays, Op
from graphnet.backend.calls import Call, cut
from graphnet.backend.numpy.inner_product import MOST_PARTS, PART_MACS
from graphnet.backend.numpy.sums import PLAIN, bind_row_sums, bind_sum_of_rows
from graphnet.backend.numpy.threads import Task, ThreadPool
from graphnet.blob import Array, reshaped, storage

#: Elements of the products that are added up together.
TERM_ELEMENTS = 2**16


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
            sums = _sums_of_products(n_parts, dy, x.transpose(0, 2, 1), arrays.dweight)
            backward += [pool.task(*c) for c in sums]
        if arrays.dx is not None:
            dx = by_position(arrays.dx, n_positions)
            backward += [pool.task(*c) for c in _products(n_parts, weight.T, dy, dx)]
        if arrays.dbias is not None:
            biases = np.empty(dy.shape[:2], dy.dtype)
            add_up = bind_sum_of_rows(biases, arrays.dbias)
            backward.append(pool.task(bind_row_sums(dy, biases), add_up))
    return Op(pool.bind(forward, inline=inline), pool.bind(backward, inline=inline))


def _products(
    n_parts: int, left: Array, right: Array, out: Array, addend: Array | None = None
) -> Iterator[list[Call]]:
    """``out[l] = left @ right[l] + addend``, some positions a task."""
    for span in cut(len(right), n_parts):
        part = slice(*span)
        calls: list[Call] = [partial(np.matmul, left, right[part], out[part])]
        if addend is not None:
            calls.append(partial(np.add, out[part], addend, out[part]))
        yield calls


def _sums_of_products(n_parts: int, left: Array, right: Array, out: Array) -> Iterator[list[Call]]:
    """``out = Σ left[l] @ right[l]``, some rows a task, a few positions after the other."""
    for span in cut(len(out), n_parts):
        rows = slice(*span)
        total = out[rows]
        n_positions = min(len(left), PLAIN, max(1, TERM_ELEMENTS // total.size))
        terms, term = np.empty((n_positions, *total.shape), out.dtype), np.empty_like(total)
        calls: list[Call] = []
        for start in range(0, len(left), n_positions):
            part = slice(start, min(start + n_positions, len(left)))
            products, to = terms[: part.stop - start], total if start == 0 else term
            calls.append(partial(np.matmul, left[part, rows], right[part], products))
            calls.append(partial(np.add.reduce, products, 0, None, to))
            if start:
                calls.append(partial(np.add, total, term, total))
        yield calls


def by_position(array: Array, n_positions: int) -> Array:
    """The view ``(L, D, N)`` of an array seen as ``(N, …)``, in whichever order it is stored."""
    n_samples = array.shape[0]
    if array.flags.c_contiguous:
        return array.reshape(n_samples, n_positions, -1).transpose(1, 2, 0)
    return reshaped(storage(array), (n_positions, -1, n_samples))
