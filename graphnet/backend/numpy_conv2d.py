"""Convolution on batch-last storage: width lowering and matrix products, bound call by call.

What is done in which order is decided in ``numpy_conv2d_plan``; here the views are made and the
NumPy calls are bound to them. A pass over the net then only makes the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnet.backend.base import ConvArrays, ScratchDecl
from graphnet.backend.numpy_conv2d_plan import Columns, ConvPlan, GradientUnit, RowClass, Unit
from graphnet.backend.numpy_products import by_columns, by_rows
from graphnet.backend.threads import Call, Task, ThreadPool, in_turn
from graphnet.blob import Array, Shape, storage

#: Scratch is handed out in multiples of it, so that every part starts on a cache line.
LINE = 16


def conv2d_scratch(plan: ConvPlan, n_threads: int, *, backward: bool) -> dict[str, ScratchDecl]:
    """The working memory of :class:`Conv2d`."""
    work = [footprint(plan.lowered)]
    decls = {}
    if plan.filter[1] > 1 and plan.filter[2] > 1:
        decls["filter"] = ScratchDecl((plan.n_group, plan.n_filter, plan.depth))
    if backward:
        work.append(footprint(plan.lowered, plan.waiting, plan.waiting[1:], plan.laid_out))
        work.append(footprint(plan.outputs_read, plan.unfolded))
        decls["flipped"] = ScratchDecl((plan.n_group, plan.depth * plan.n_filter))
        n_sums = len(plan.lanes) + (len(plan.lanes) > 1)
        decls["sums"] = ScratchDecl((plan.n_group, n_sums, plan.depth, plan.n_filter))
        n_rows = sum(unit.stop - unit.start for unit in plan.units)
        decls["bias_sums"] = ScratchDecl((plan.n_group, n_rows, plan.n_filter))
    decls["work"] = ScratchDecl((plan.n_slots(n_threads), max(work)))
    return decls


def footprint(*shapes: Shape) -> int:
    """The elements of work memory that :func:`carve` takes for arrays of these shapes."""
    return sum(-(-prod(shape) // LINE) * LINE for shape in shapes)


def carve(work: Array, *shapes: Shape) -> list[Array]:
    """Arrays of these shapes on one flat piece of work memory."""
    arrays, start = [], 0
    for shape in shapes:
        arrays.append(work[start : start + prod(shape)].reshape(shape))
        start += footprint(shape)
    return arrays


class Conv2d:
    """A convolution bound to its arrays.

    Args:
        pool: Runs the units.
        plan: Of the same shapes.
        arrays: What is computed from what.
        scratch: As :func:`conv2d_scratch` declares it.
    """

    forward: Callable[[], None]
    backward: Callable[[], None]

    def __init__(
        self, pool: ThreadPool, plan: ConvPlan, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> None:
        groups = [_Group(plan, i, arrays, scratch) for i in range(plan.n_group)]
        tasks = [task for group in groups for task in group.forward_tasks()]
        self.forward = in_turn(
            [call for group in groups for call in group.arrange_filter()]
            + [pool.bind(tasks, inline=plan.inline)]
        )
        self.backward = in_turn([])
        if arrays.dy is None:
            return
        before: list[Call] = []
        tasks = []
        after: list[Call] = []
        if arrays.dfilter is not None or arrays.dbias is not None:
            tasks += [task for group in groups for task in group.filter_gradient_tasks()]
            after += [call for group in groups for call in group.add_up_lanes()]
        if arrays.dx is not None:
            before += [call for group in groups for call in group.flip_filter()]
            if plan.unread_rows:
                before.append(partial(storage(arrays.dx).fill, 0))
            tasks += [task for group in groups for task in group.image_gradient_tasks()]
        middle = [pool.bind(tasks, inline=plan.inline)] if tasks else []
        self.backward = in_turn([*before, *middle, *after])


class _Group:
    """One group of a convolution: its part of every array, and the calls on them."""

    def __init__(
        self, plan: ConvPlan, index: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> None:
        self.plan = plan
        self.scratch = {k: v if k == "work" else v[index] for k, v in scratch.items()}
        channels = slice(index * plan.filter[1], (index + 1) * plan.filter[1])
        filters = slice(index * plan.n_filter, (index + 1) * plan.n_filter)
        self.x, self.y = storage(arrays.x)[channels], storage(arrays.y)[filters]
        self.dx: Array = None if arrays.dx is None else storage(arrays.dx)[channels]
        self.dy: Array = None if arrays.dy is None else storage(arrays.dy)[filters]
        self.filter = arrays.filter[filters]
        self.bias, self.dfilter, self.dbias = (
            None if array is None else array[filters]
            for array in (arrays.bias, arrays.dfilter, arrays.dbias)
        )

    # --- forward ------------------------------------------------------------------------

    def arrange_filter(self) -> Iterator[Call]:
        """The filter as ``(K, R, C, S)``, the order of the lowered rows."""
        if "filter" in self.scratch:
            k, c, r, s = self.filter.shape
            arranged = self.scratch["filter"].reshape(k, r, c, s)
            yield partial(np.copyto, arranged, self.filter.transpose(0, 2, 1, 3))

    def forward_tasks(self) -> Iterator[Task]:
        """One for each unit: lower, multiply, add the bias."""
        arranged = self.scratch.get("filter", self.filter).reshape(self.plan.n_filter, -1)
        for unit in self.plan.units:
            y = self.outputs(self.y, unit)
            finish: list[Call] = []
            if self.bias is not None:
                finish.append(partial(np.add, y, self.bias[:, None, None], y))
            versions: list[list[Call]] = []
            for work in self.scratch["work"]:
                lowered = self.lowered(unit, work)
                multiply = by_columns(arranged, self.windows(unit, lowered), y.transpose(1, 0, 2))
                versions.append([*self.lower(unit, lowered), *multiply, *finish])
            yield versions

    def lowered(self, unit: Unit, work: Array) -> Array:
        """Room for a unit's lowered image: rows, C, S, columns."""
        start, stop = self.plan.lowered_rows(unit)
        shape = (stop - start, self.plan.filter[1], self.plan.filter[3], len(unit.columns))
        (array,) = carve(work, shape)
        return array

    def lower(self, unit: Unit, lowered: Array) -> Iterator[Call]:
        """Write the unit's lowered image."""
        q, n = unit.columns.q, unit.columns.n
        target = lowered.reshape(*lowered.shape[:3], q.stop - q.start, n.stop - n.start)
        start, stop = self.plan.lowered_rows(unit)
        low, high = unit.rows.inside(start, stop)
        taps = self.plan.width.taps(q.start, q.stop)
        whole = len(taps) == self.plan.filter[3] and all(
            tap.windows == slice(0, q.stop - q.start) for tap in taps
        )
        for outside in (target[: low - start], target[high - start :]):
            if outside.size:
                yield partial(outside.fill, 0)
        if low == high:
            return
        rows = self.x[:, unit.rows.image(low, high), :, n].transpose(1, 0, 2, 3)
        target = target[low - start : high - start]
        if whole:  # one call: the taps are one more axis of the view
            first = rows[:, :, taps[0].image]
            step = self.plan.width.dilation * rows.strides[2]
            shape = (*first.shape[:2], len(taps), *first.shape[2:])
            strides = (*first.strides[:2], step, *first.strides[2:])
            yield partial(np.copyto, target, as_strided(first, shape, strides))
        else:
            met = {tap.index: tap.windows for tap in taps}
            for index in range(target.shape[2]):
                windows = met.get(index, slice(0, 0))
                for outside in (slice(0, windows.start), slice(windows.stop, None)):
                    if target[:, :, index, outside].size:
                        yield partial(target[:, :, index, outside].fill, 0)
            for tap in taps:
                yield partial(
                    np.copyto, target[:, :, tap.index, tap.windows], rows[:, :, tap.image]
                )

    def windows(self, unit: Unit, lowered: Array) -> Array:
        """The lowered image as one matrix for each output row; they overlap."""
        row, _, _, column = lowered.strides
        n_columns = lowered.shape[3]
        return as_strided(
            lowered,
            (unit.stop - unit.start, self.plan.depth, n_columns),
            (row * unit.rows.stride, column * n_columns, column),
        )

    def outputs(self, y: Array, unit: Unit) -> Array:
        """The unit's part of an array like the output: filters, rows, columns."""
        return matrix_rows(y, unit.rows, (unit.start, unit.stop), unit.columns)

    # --- the gradients of filter and bias -----------------------------------------------

    def filter_gradient_tasks(self) -> Iterator[Task]:
        """One for each lane and part of the filters."""
        plan = self.plan
        for part in plan.filter_parts:
            for lane, units in enumerate(plan.lanes):
                total = self.scratch["sums"][lane][:, part]
                versions = []
                for work in self.scratch["work"]:
                    calls: list[Call] = []
                    for unit in units:
                        rows = self.scratch["bias_sums"][unit.before :, part]
                        calls += self.filter_gradient(
                            unit, work, total, rows, part, first=unit is units[0]
                        )
                    versions.append(calls)
                yield versions

    def filter_gradient(
        self, unit: Unit, work: Array, total: Array, bias_sums: Array, part: slice, *, first: bool
    ) -> Iterator[Call]:
        """Add a unit's products to a lane's ``total``; ``first`` assigns them."""
        plan = self.plan
        dy = self.outputs(self.dy[part], unit)
        n_filter, n_rows, n_columns = dy.shape
        if self.dbias is not None:
            ones = np.ones(n_columns, dy.dtype)
            yield partial(np.matmul, dy.transpose(1, 0, 2), ones, bias_sums[:n_rows])
        if self.dfilter is None:
            return
        lowered = self.lowered(unit, work)
        yield from self.lower(unit, lowered)
        most = plan.waiting[0]
        shape = (plan.depth, n_filter)
        _, waiting, together, laid_out = carve(
            work, plan.lowered, (most, *shape), shape, plan.laid_out
        )
        room = laid_out.reshape(-1)
        windows, right = self.windows(unit, lowered), dy.transpose(1, 2, 0)
        for start in range(0, n_rows, most):
            rows = slice(start, min(start + most, n_rows))
            products = waiting[: rows.stop - rows.start]
            to = total if first else together
            if len(products) > 1:
                yield from by_rows(windows[rows], right[rows], products, room)
                yield partial(np.add.reduce, products, 0, None, to)
            else:
                yield from by_rows(windows[rows], right[rows], to[np.newaxis], room)
            if not first:
                yield partial(np.add, total, together, total)
            first = False

    def add_up_lanes(self) -> Iterator[Call]:
        """The gradients from the lanes' sums."""
        if self.dbias is not None:
            yield partial(np.add.reduce, self.scratch["bias_sums"], 0, None, self.dbias)
        if self.dfilter is not None:
            sums = self.scratch["sums"]
            if len(sums) > 1:
                yield partial(np.add.reduce, sums[:-1], 0, None, sums[-1])
            k, c, r, s = self.dfilter.shape
            total = sums[-1].reshape(r, c, s, k)
            yield partial(np.copyto, self.dfilter, total.transpose(3, 1, 0, 2))

    # --- the gradient of the image ------------------------------------------------------

    def flip_filter(self) -> Iterator[Call]:
        """The filter as ``(R, K, C, S)`` for each stride, taps in the order rows meet them."""
        k, c, r, s = self.filter.shape
        flipped = self.scratch["flipped"].reshape(r, k, c, s)
        stride, start = self.plan.row_classes[0].stride, 0
        for rest in range(min(stride, r)):
            taps = self.filter[:, :, rest::stride][:, :, ::-1].transpose(2, 0, 1, 3)
            yield partial(np.copyto, flipped[start : start + len(taps)], taps)
            start += len(taps)

    def image_gradient_tasks(self) -> Iterator[Task]:
        """One for each gradient unit."""
        for unit in self.plan.gradient_units:
            versions: list[Sequence[Call]] = []
            for work in self.scratch["work"]:
                calls: list[Call] = [partial(self.image_rows(unit).fill, 0)]
                for columns in self.plan.gradient_columns:
                    calls += self.image_gradient(unit, columns, work)
                versions.append(calls)
            yield versions

    def image_rows(self, unit: GradientUnit) -> Array:
        """The part of the image's gradient that a unit writes."""
        return self.dx[unit.channels, unit.rows.image(unit.start, unit.stop)]

    def image_gradient(self, unit: GradientUnit, columns: Columns, work: Array) -> Iterator[Call]:
        """Add what some columns send to the unit's rows."""
        plan = self.plan
        c, s = unit.channels, plan.filter[3]
        n_rows, n_channels, n = unit.stop - unit.start, c.stop - c.start, len(columns)
        low, high = plan.output_rows(unit)
        read, unfolded = carve(
            work,
            (max(0, high - low), plan.n_filter, n),
            (n_rows, n_channels * s, n),
        )
        if high > low:
            dy = matrix_rows(self.dy, unit.rows, (low, high), columns)
            yield partial(np.copyto, read, dy.transpose(1, 0, 2))
        flipped = self.scratch["flipped"].reshape(-1, plan.filter[1] * s)
        flipped = flipped[:, c.start * s : c.stop * s].T
        for row, start, stop, place in plan.reaching(unit):
            product = unfolded[row - unit.start]
            if start == stop:
                yield partial(product.fill, 0)
                continue
            left = flipped[:, place * plan.n_filter : (place + stop - start) * plan.n_filter]
            right = read[start - low : stop - low].reshape(-1, n)
            yield from by_columns(left, right, product)
        q = columns.q
        folded = unfolded.reshape(n_rows, n_channels, s, q.stop - q.start, -1)
        target = self.image_rows(unit)[:, :, :, columns.n]
        taps = plan.width.taps(q.start, q.stop)
        if q.stop - q.start == 1 and taps:  # the taps of one window meet different columns
            first, last = taps[0], taps[-1]
            image = slice(first.image.start, last.image.start + 1, plan.width.dilation)
            met = [(image, folded[:, :, first.index : last.index + 1, 0])]
        else:
            met = [(tap.image, folded[:, :, tap.index, tap.windows]) for tap in taps]
        for image, products in met:
            to = target[:, :, image]
            yield partial(np.add, to, products.transpose(1, 0, 2, 3), to)


def matrix_rows(y: Array, rows: RowClass, span: tuple[int, int], columns: Columns) -> Array:
    """Part of an array ``(K, P, Q, N)`` as filters, rows, columns: a view."""
    part = y[:, rows.outputs][:, slice(*span), columns.q, columns.n]
    return as_strided(part, (*part.shape[:2], len(columns)), (*part.strides[:2], part.itemsize))
