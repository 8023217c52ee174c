"""Convolution by lowering: the taps along the width are laid out, and rows are matrix products.

``lowered_plan`` decides what is done in which order; here the views are made and the NumPy calls
are bound to them. A pass over the net then only makes the calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnet.backend.calls import Call
from graphnet.backend.numpy.convolution.group import ConvGroup, Share, merged
from graphnet.backend.numpy.convolution.lowered_plan import LoweredPlan
from graphnet.backend.numpy.convolution.plan import Columns, GradientUnit, Unit
from graphnet.backend.numpy.products import by_columns, by_rows
from graphnet.backend.numpy.scratch import carve
from graphnet.backend.numpy.sums import bind_row_sums
from graphnet.blob import Array


class LoweredGroup(ConvGroup[LoweredPlan]):
    """One group of a convolution by lowering."""

    # --- forward ------------------------------------------------------------------------

    def arrange_filter(self) -> Iterator[Call]:
        """The filter as ``(K, R, C, S)``."""
        if "filter" in self.scratch:
            k, c, r, s = self.filter.shape
            arranged = self.scratch["filter"].reshape(k, r, c, s)
            yield partial(np.copyto, arranged, self.filter.transpose(0, 2, 1, 3))

    def output(self, unit: Unit, scratch: Array) -> Iterator[Call]:
        arranged = self.scratch.get("filter", self.filter).reshape(self.plan.filters_per_group, -1)
        y = merged(self.outputs(self.y, unit)).transpose(1, 0, 2)
        lowered = self.lowered(unit, scratch)
        yield from self.lower(unit, lowered)
        yield from by_columns(arranged, self.windows(unit, lowered), y)
        if self.bias is not None:
            yield partial(np.add, y, self.bias[:, np.newaxis], y)

    def lowered(self, unit: Unit, scratch: Array) -> Array:
        """The array for a unit's lowered image: rows, C, S, columns; or a view of the image."""
        start, stop = self.plan.lowered_rows(unit)
        if self.plan.in_place:
            rows = self.x[:, start:stop, unit.columns.q, unit.columns.n]
            return merged(rows).transpose(1, 0, 2)[:, :, np.newaxis]
        shape = (stop - start, self.plan.filter[1], self.plan.filter[3], len(unit.columns))
        (array,) = carve(scratch, shape)
        return array

    def lower(self, unit: Unit, lowered: Array) -> Iterator[Call]:
        """Write the unit's lowered image."""
        if self.plan.in_place:
            return
        q, n = unit.columns.q, unit.columns.n
        target = lowered.reshape(*lowered.shape[:3], q.stop - q.start, n.stop - n.start)
        start, stop = self.plan.lowered_rows(unit)
        low, high = unit.rows.inside(start, stop)
        taps = self.plan.width.taps(q.start, q.stop)
        whole = len(taps) == self.plan.filter[3] and all(
            tap.windows == slice(0, q.stop - q.start) for tap in taps
        )
        for rows_outside in (target[: low - start], target[high - start :]):
            if rows_outside.size:
                yield partial(rows_outside.fill, 0)
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
        if self.plan.in_place:
            return lowered[:, :, 0]
        row, _, _, column = lowered.strides
        n_columns = lowered.shape[3]
        return as_strided(
            lowered,
            (unit.stop - unit.start, self.plan.depth, n_columns),
            (row * unit.rows.stride, column * n_columns, column),
        )

    # --- the gradients of filter and bias -----------------------------------------------

    def param_gradients(self, unit: Unit, scratch: Array, share: Share) -> Iterator[Call]:
        dy = merged(self.outputs(self.dy[share.part], unit))
        if share.sums is not None:
            yield bind_row_sums(dy.transpose(1, 0, 2), share.sums)
        if share.total is not None:
            yield from self.filter_gradient(unit, scratch, dy, share.total, first=share.first)

    def filter_gradient(
        self, unit: Unit, scratch: Array, dy: Array, total: Array, *, first: bool
    ) -> Iterator[Call]:
        """Add a unit's products to ``total``."""
        plan = self.plan
        n_filters, n_rows, _ = dy.shape
        lowered = self.lowered(unit, scratch)
        yield from self.lower(unit, lowered)
        most = plan.waiting[0]
        shape = (plan.depth, n_filters)
        _, waiting, together, laid_out = carve(
            scratch, plan.lowered, (most, *shape), shape, plan.laid_out
        )
        laid_out_scratch = laid_out if laid_out.size else None
        windows, right = self.windows(unit, lowered), dy.transpose(1, 2, 0)
        for start in range(0, n_rows, most):
            rows = slice(start, min(start + most, n_rows))
            products = waiting[: rows.stop - rows.start]
            to = total if first else together
            if len(products) > 1:
                yield from by_rows(windows[rows], right[rows], products, laid_out_scratch)
                yield partial(np.add.reduce, products, 0, None, to)
            else:
                yield from by_rows(windows[rows], right[rows], to[np.newaxis], laid_out_scratch)
            if not first:
                yield partial(np.add, total, together, total)
            first = False

    def write_filter_gradient(self, total: Array) -> Iterator[Call]:
        k, c, r, s = self.dfilter.shape
        yield partial(np.copyto, self.dfilter, total.reshape(r, c, s, k).transpose(3, 1, 0, 2))

    # --- the gradient of the image ------------------------------------------------------

    def flip_filter(self) -> Iterator[Call]:
        """The filter as ``(R, K, C, S)`` for each stride, taps in the order rows meet them."""
        if self.plan.in_place:
            return
        k, c, r, s = self.filter.shape
        flipped = self.scratch["flipped"].reshape(r, k, c, s)
        for places, taps in self.flipped_taps():
            yield partial(np.copyto, flipped[places], taps.transpose(2, 0, 1, 3))

    def image_gradient(self, unit: GradientUnit, scratch: Array) -> Iterator[Call]:
        if self.plan.in_place:
            to, dy = self.image_rows(unit), self.dy[:, unit.start : unit.stop]
            left = self.filter[:, unit.channels, 0, 0].T
            yield from by_columns(left, plane_runs(dy), plane_runs(to))
            return
        yield partial(self.image_rows(unit).fill, 0)
        for columns in self.plan.gradient_columns:
            yield from self.add_image_gradient(unit, columns, scratch)

    def add_image_gradient(
        self, unit: GradientUnit, columns: Columns, scratch: Array
    ) -> Iterator[Call]:
        """Add what some columns send to the unit's rows."""
        plan = self.plan
        c, s = unit.channels, plan.filter[3]
        n_rows, n_channels, n = unit.stop - unit.start, c.stop - c.start, len(columns)
        low, high = plan.output_rows(unit)
        read, unfolded = carve(
            scratch,
            (max(0, high - low), plan.filters_per_group, n),
            (n_rows, n_channels * s, n),
        )
        if high > low:
            rows = self.dy[:, unit.rows.outputs][:, low:high]
            dy = merged(rows[:, :, columns.q, columns.n])
            yield partial(np.copyto, read, dy.transpose(1, 0, 2))
        flipped = self.scratch["flipped"].reshape(-1, plan.filter[1] * s)
        flipped = flipped[:, c.start * s : c.stop * s].T
        for row, start, stop, place in plan.reaching(unit):
            product = unfolded[row - unit.start]
            if start == stop:
                yield partial(product.fill, 0)
                continue
            left = flipped[
                :, place * plan.filters_per_group : (place + stop - start) * plan.filters_per_group
            ]
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


def plane_runs(planes: Array) -> Array:
    """The view ``(planes, rows · columns · samples)``."""
    return planes.reshape((len(planes), -1), copy=False)
