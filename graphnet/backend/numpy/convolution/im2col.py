"""Convolution of few columns: what all windows meet is copied into one matrix ("im2col").

Where a row of the output has few columns, places × samples, a product for each row would be too
narrow to be fast, as with a single image of 7 × 7. So the columns of many rows are laid side by
side (Chellapilla et al., "High performance convolutional neural networks for document processing",
2006; Caffe's way), and the output is one product:

    matrix (C·R·S, P·Q·N):   row (c, r, s) has what tap (r, s) of all windows meets in channel c
    output (K, P·Q·N)        = filter (K, C·R·S) @ matrix

The image's gradient is ``filterᵀ @ dy``, of which each row is added to the places that its tap met.
With filters of 1 × 1 the planes of the image are the matrix, and nothing is copied.

Units take runs of output rows, each with a matrix of its own; where that would leave too few
columns for each, they make one matrix together and take runs of filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import prod
from typing import Any

import numpy as np

from graphnet.backend.base import ConvArrays, ScratchDecl
from graphnet.backend.calls import Call, Op, in_turn
from graphnet.backend.numpy.convolution.group import part_of_group
from graphnet.backend.numpy.convolution.im2col_plan import Im2colPlan
from graphnet.backend.numpy.scratch import carve
from graphnet.backend.numpy.sums import bind_row_sums
from graphnet.backend.numpy.threads import Task, ThreadPool
from graphnet.backend.numpy.windows import Tap
from graphnet.blob import Array


def im2col_scratch(plan: Im2colPlan, n_threads: int, *, backward: bool) -> dict[str, ScratchDecl]:
    """The scratch that :func:`bind_im2col` needs."""
    shape = (plan.n_slots(n_threads), plan.slot_scratch(backward=backward))
    matrix = plan.matrix if plan.shared else (0, 0)
    return {"slots": ScratchDecl(shape), "matrix": ScratchDecl((plan.n_group, *matrix))}


def bind_im2col(
    pool: ThreadPool, plan: Im2colPlan, arrays: ConvArrays, scratch: Mapping[str, Array]
) -> Op:
    """A convolution of few columns bound to its arrays."""
    groups = [Im2colGroup(plan, i, arrays, scratch) for i in range(plan.n_group)]

    def bound(*kinds: Callable[[Im2colGroup], Iterator[Task]]) -> Callable[[], None]:
        """One kind of tasks of all groups after the other."""
        by_kind = [[task for group in groups for task in tasks(group)] for tasks in kinds]
        return in_turn([pool.bind(tasks, inline=plan.inline) for tasks in by_kind if tasks])

    made = [Im2colGroup.gather_tasks] if plan.shared else []
    forward = bound(*made, Im2colGroup.output_tasks)
    if arrays.dy is None:
        return Op(forward, in_turn([]))
    if arrays.dfilter is None:
        made = []
    return Op(forward, bound(*made, Im2colGroup.gradient_tasks))


class Im2colGroup:
    """The calls of a group, bound to its arrays.

    Args:
        plan: Of the same shapes.
        index: Of the group.
        arrays: Of the whole convolution.
        scratch: Likewise; ``slots`` has a row of flat scratch for each slot.
    """

    def __init__(
        self, plan: Im2colPlan, index: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> None:
        self.plan, self.slots = plan, list(scratch["slots"])
        self.shared: Array = scratch["matrix"][index]
        part = part_of_group(plan, index, arrays)
        self.x, self.y, self.filter = part.x, _flat(part.y), _flat(part.filter)
        self.dx: Any = part.dx
        self.dy: Any = None if part.dy is None else _flat(part.dy)
        self.bias: Any = None if part.bias is None else part.bias[:, np.newaxis]
        self.dfilter: Any = None if part.dfilter is None else _flat(part.dfilter)
        self.dbias: Any = part.dbias

    # --- the matrix ---------------------------------------------------------------------

    def matrix(self, start: int, stop: int, scratch: Array) -> Array:
        """What some rows of windows meet: elements of a filter, columns."""
        if self.plan.in_place:
            return self.columns_of(_flat(self.x), start, stop)
        if self.plan.shared:
            return self.shared
        (flat,) = carve(scratch, (prod(self.plan.matrix),))
        shape = (self.plan.depth, (stop - start) * self.plan.row)
        return flat[: prod(shape)].reshape(shape)

    def columns_of(self, outputs: Array, start: int, stop: int) -> Array:
        """The columns of some output rows."""
        return outputs[:, start * self.plan.row : stop * self.plan.row]

    def gather_tasks(self) -> Iterator[Task]:
        """One for each part of the channels: together they make the matrix that all share."""
        for part in () if self.plan.in_place else self.plan.channel_parts:
            yield [list(self.gather(0, self.plan.out[0], self.shared, part))] * len(self.slots)

    def gather(
        self, start: int, stop: int, matrix: Array, channels: slice = slice(None)
    ) -> Iterator[Call]:
        """Copy what some rows of windows meet, in some channels, into their matrix."""
        plan = self.plan
        x, taps = self.x[channels], matrix.reshape(*plan.filter[1:], -1, plan.out[1], plan.x[0])
        taps = taps[channels]
        met = [(down, across) for down in plan.axes[0].taps(start, stop) for across in self.across]
        n_met = sum(_length(down.windows) * _length(across.windows) for down, across in met)
        if n_met < prod(plan.filter[2:]) * (stop - start) * plan.out[1]:
            yield partial(taps.fill, 0)
        for down, across in met:
            to = taps[:, down.index, across.index, down.windows, across.windows]
            yield partial(np.copyto, to, x[:, down.image, across.image])

    @property
    def across(self) -> list[Tap]:
        """What taps across meet."""
        return self.plan.axes[1].taps()

    # --- forward ------------------------------------------------------------------------

    def output_tasks(self) -> Iterator[Task]:
        """One for each run of output rows, or of filters."""
        if self.plan.shared:
            matrix = self.matrix(0, self.plan.out[0], self.shared)
            for part in self.plan.filter_parts:
                yield [list(self.product(part, matrix, self.y[part]))] * len(self.slots)
            return
        for start, stop in self.plan.rows:
            yield [list(self.output(start, stop, slot)) for slot in self.slots]

    def output(self, start: int, stop: int, scratch: Array) -> Iterator[Call]:
        """Some rows of the output."""
        matrix = self.matrix(start, stop, scratch)
        if not self.plan.in_place:
            yield from self.gather(start, stop, matrix)
        yield from self.product(slice(None), matrix, self.columns_of(self.y, start, stop))

    def product(self, part: slice, matrix: Array, y: Array) -> Iterator[Call]:
        """Some columns of the output of some filters."""
        yield partial(np.matmul, self.filter[part], matrix, y)
        if self.bias is not None:
            yield partial(np.add, y, self.bias[part], y)

    # --- backward -----------------------------------------------------------------------

    def gradient_tasks(self) -> Iterator[Task]:
        """One for each part of the filters, and of the channels."""
        if self.dfilter is not None or self.dbias is not None:
            for part in self.plan.filter_parts:
                yield [list(self.param_gradients(part, slot)) for slot in self.slots]
        if self.dx is not None:
            for part in self.plan.channel_parts:
                yield [list(self.image_gradient(part, slot)) for slot in self.slots]

    def param_gradients(self, part: slice, scratch: Array) -> Iterator[Call]:
        """The gradients of some filters and their biases."""
        plan = self.plan
        if self.dbias is not None:
            yield bind_row_sums(self.dy[part], self.dbias[part])
        if self.dfilter is None:
            return
        _, product = carve(scratch, (0, 0) if plan.shared else plan.matrix, plan.product)
        product = product[: part.stop - part.start]
        for i, (start, stop) in enumerate(plan.rows):
            matrix = self.matrix(start, stop, scratch)
            if not (plan.in_place or plan.shared):
                yield from self.gather(start, stop, matrix)
            dy = self.columns_of(self.dy[part], start, stop)
            to = product if i else self.dfilter[part]
            yield partial(np.matmul, dy, matrix.T, to)
            if i:
                yield partial(np.add, self.dfilter[part], product, self.dfilter[part])

    def image_gradient(self, part: slice, scratch: Array) -> Iterator[Call]:
        """The gradient of some channels."""
        plan, dx = self.plan, self.dx[part]
        n_taps = prod(plan.filter[2:])
        left = self.filter[:, part.start * n_taps : part.stop * n_taps].T
        if plan.in_place:
            yield partial(np.matmul, left, self.dy, _flat(dx))
            return
        (flat,) = carve(scratch, (prod(plan.unfolded),))
        shape = (len(left), plan.out[0] * plan.row)
        sent = flat[: prod(shape)].reshape(shape)
        yield partial(np.matmul, left, self.dy, sent)
        yield partial(dx.fill, 0)
        taps = sent.reshape(len(dx), *plan.filter[2:], *plan.out, plan.x[0])
        for down in plan.axes[0].taps():
            for across in self.across:
                from_tap = taps[:, down.index, across.index, down.windows, across.windows]
                to = dx[:, down.image, across.image]
                yield partial(np.add, to, from_tap, to)


def _length(run: slice) -> int:
    return int(run.stop - run.start)


def _flat(array: Array) -> Array:
    """The view ``(first axis, all others)``."""
    return array.reshape((len(array), -1), copy=False)
