"""The inner product at several positions of a sample, on batch-last storage.

``y (L, M, N) = W (M, D) @ x (L, D, N) + b``: one matrix product for each of the L positions. One
product for all would need the columns of all positions side by side, which memory does not hold;
for the diff of W they are laid out so, some positions at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from math import prod

import numpy as np

from graphnet.backend.base import InnerProductArrays, ScratchDecl
from graphnet.backend.calls import Call, Op, cut
from graphnet.backend.numpy.inner_product import MOST_PARTS, PART_MACS
from graphnet.backend.numpy.products import in_pieces
from graphnet.backend.numpy.scratch import carve, footprint
from graphnet.backend.numpy.sums import bind_row_sums, bind_sum_of_rows
from graphnet.backend.numpy.threads import Task, ThreadPool
from graphnet.blob import Array, Shape, reshaped, storage

#: Terms of the sums that one product makes, and how many parts such a sum has at most: each turns
#: all rows of the shorter side for itself.
DEPTH, MOST_SUMS = 512, 2


def is_flat(y: Shape) -> bool:
    """Whether a top ``(N, M)`` has no positions."""
    return len(y) == 2  # noqa: PLR2004


def positionwise_scratch(weight: Shape, y: Shape, n_threads: int) -> dict[str, ScratchDecl]:
    """What backward needs for a top of shape ``y``, whose first and last axis are not all."""
    cuts = _Cuts(weight, y)
    n_slots = 1 if cuts.inline else n_threads
    return {
        "sums": ScratchDecl((n_slots, cuts.slot_size)),
        "biases": ScratchDecl((cuts.n_positions, weight[0])),
    }


def bind_positionwise(
    pool: ThreadPool, arrays: InnerProductArrays, scratch: Mapping[str, Array]
) -> Op:
    """An inner product bound to arrays whose top has axes between the first and the last.

    Args:
        pool: Whose threads take part.
        arrays: What is computed from what.
        scratch: Of :func:`positionwise_scratch`, where there is a backward pass.
    """
    weight, bias = arrays.weight, arrays.bias
    cuts = _Cuts(weight.shape, arrays.y.shape)
    n_positions, n_parts = cuts.n_positions, min(MOST_PARTS, cuts.macs // PART_MACS)
    x, y = by_position(arrays.x, n_positions), by_position(arrays.y, n_positions)
    addend = None if bias is None else bias[:, None]
    forward = [pool.task(*c) for c in _products(n_parts, weight, x, y, addend)]
    backward: list[Task] = []
    if arrays.dy is not None:
        dy = by_position(arrays.dy, n_positions)
        if arrays.dweight is not None:
            backward += cuts.sums_of_products(dy, x, arrays.dweight, scratch["sums"])
        if arrays.dx is not None:
            dx = by_position(arrays.dx, n_positions)
            backward += [pool.task(*c) for c in _products(n_parts, weight.T, dy, dx)]
        if arrays.dbias is not None:
            biases = scratch["biases"]
            add_up = bind_sum_of_rows(biases, arrays.dbias)
            backward.append(pool.task(bind_row_sums(dy, biases), add_up))
    return Op(pool.bind(forward, inline=cuts.inline), pool.bind(backward, inline=cuts.inline))


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


class _Cuts:
    """How ``Σ dy[l] @ x[l].T`` is cut, from shapes alone.

    Positions whose samples are :data:`DEPTH` together are laid side by side and multiplied at once:
    of the longer side row by row, of the shorter one turned, so that BLAS reads it where it lies.

    Args:
        weight: The shape of the sum.
        y: That of the top, whose positions are its terms, and samples the terms of their products.
    """

    def __init__(self, weight: Shape, y: Shape) -> None:
        self.n_positions, self.n_samples = prod(y[1:-1]), y[0]
        self.macs = prod(weight) * self.n_positions * self.n_samples
        self.inline = self.macs < 2 * PART_MACS
        self.is_turned = weight[0] < weight[1]
        self.long, self.short = max(weight), min(weight)
        self.at_once = min(self.n_positions, max(1, DEPTH // self.n_samples))
        self.spans = cut(self.long, min(MOST_SUMS, self.macs // PART_MACS), multiple=16)

    def arrays_for(self, n_rows: int) -> list[Shape]:
        """The scratch for some rows of the longer side: the sum, a term, and two factors."""
        total = (n_rows, self.short)
        term = total if self.at_once < self.n_positions else (0, self.short)
        positions = (self.at_once, self.n_samples)
        return [total, term, (n_rows, *positions), (*positions, self.short)]

    @property
    def slot_size(self) -> int:
        """Elements of the scratch that a thread needs."""
        return max(footprint(*self.arrays_for(stop - start)) for start, stop in self.spans)

    def sums_of_products(
        self, left: Array, right: Array, out: Array, scratch: Array
    ) -> Iterator[Task]:
        """``out = Σ left[l] @ right[l].T``, some rows or columns of it a task."""
        if self.is_turned:
            left, right, out = right, left, out.T
        for span in self.spans:
            run = slice(*span)
            yield [self._sum(left[:, run], right, out[run], slot) for slot in scratch]

    def _sum(self, long: Array, short: Array, out: Array, slot: Array) -> list[Call]:
        total, term, rows, columns = carve(slot, *self.arrays_for(len(out)))
        calls: list[Call] = []
        for start in range(0, self.n_positions, self.at_once):
            some = slice(start, start + self.at_once)
            a = _laid_out(long[some].swapaxes(0, 1), rows, calls)
            b = _laid_out(short[some].swapaxes(1, 2), columns, calls)
            left, right = a.reshape(len(total), -1), b.reshape(-1, self.short)
            calls.append(in_pieces(left, right, term if start else total))
            if start:
                calls.append(partial(np.add, total, term, total))
        calls.append(partial(np.copyto, out, total))
        return calls


def _laid_out(factor: Array, scratch: Array, calls: list[Call]) -> Array:
    """A copy of an array without gaps, which a new call writes."""
    laid = scratch.reshape(-1)[: factor.size].reshape(factor.shape)
    calls.append(partial(np.copyto, laid, factor))
    return laid


def by_position(array: Array, n_positions: int) -> Array:
    """The view ``(L, D, N)`` of an array seen as ``(N, …)``, in whichever order it is stored."""
    n_samples = array.shape[0]
    if array.flags.c_contiguous:
        return array.reshape(n_samples, n_positions, -1).transpose(1, 2, 0)
    return reshaped(storage(array), (n_positions, -1, n_samples))
