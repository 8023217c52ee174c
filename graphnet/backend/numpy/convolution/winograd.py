"""Convolution by minimal filtering along the width: see ``minimal_filtering``.

The transforms are products with the small matrices of the algorithm, one for each tile of a row of
a channel, all in one call to NumPy; in between there is a matrix product for each point and row.
``winograd_plan`` decides what is done in which order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnet.backend.base import ConvArrays
from graphnet.backend.calls import Call
from graphnet.backend.numpy.convolution.group import ConvGroup, Share
from graphnet.backend.numpy.convolution.minimal_filtering import ONE, filtering
from graphnet.backend.numpy.convolution.plan import Columns, GradientUnit, Unit
from graphnet.backend.numpy.convolution.winograd_plan import Segment, TileSpan, WinogradPlan
from graphnet.backend.numpy.products import by_columns, by_rows
from graphnet.backend.numpy.scratch import carve
from graphnet.backend.numpy.sums import bind_row_sums
from graphnet.blob import Array


class WinogradGroup(ConvGroup[WinogradPlan]):
    """One group of a convolution by minimal filtering."""

    def __init__(
        self, plan: WinogradPlan, index: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> None:
        super().__init__(plan, index, arrays, scratch)
        self.matrices = filtering(plan.tile, plan.filter[3]).astype(self.filter.dtype)

    # --- forward ------------------------------------------------------------------------

    def arrange_filter(self) -> Iterator[Call]:
        """The points of the filter as ``(points, K, R, C)``."""
        k, c, r, _ = self.filter.shape
        points = self.scratch["filter"].reshape(-1, k, r, c)
        taps = self.filter.transpose(0, 2, 3, 1)
        yield partial(np.matmul, self.matrices.taps, taps, points.transpose(1, 2, 0, 3))

    def output(self, unit: Unit, scratch: Array) -> Iterator[Call]:
        plan = self.plan
        most = plan.products[0]
        lowered = self.lowered(unit, scratch)
        yield from self.lower(unit, lowered)
        windows = self.windows(unit, lowered).transpose(1, 0, 2, 3)  # rows, points, taps, columns
        y = self.outputs(self.y, unit)
        n_rows, n_columns = y.shape[1], len(unit.columns)
        for start in range(0, n_rows, most):
            rows = slice(start, min(start + most, n_rows))
            shape = (rows.stop - start, plan.n_points, plan.filters_per_group, n_columns)
            _, products = carve(scratch, plan.lowered, shape)
            yield from by_columns(self.scratch["filter"], windows[rows], products)
            if self.bias is not None:
                at_one = products[:, ONE]  # fewer elements than outputs
                yield partial(np.add, at_one, self.bias[:, np.newaxis], at_one)
            by_tile = in_tiles(products, y.shape[3]).transpose(2, 0, 3, 1, 4)
            for span in plan.outputs_of(unit.columns.q):
                matrix = self.matrices.outputs[span.part]
                to = columns_of(y[:, rows], span, span.tiles.start * plan.tile, plan.tile)
                yield partial(np.matmul, matrix, by_tile[:, :, span.tiles], to)

    def lowered(self, unit: Unit, scratch: Array) -> Array:
        """The array for the points of what a unit reads: points, rows, C, columns."""
        start, stop = self.plan.lowered_rows(unit)
        shape = (self.plan.n_points, stop - start, self.plan.filter[1], len(unit.columns))
        (array,) = carve(scratch, shape)
        return array

    def lower(self, unit: Unit, lowered: Array) -> Iterator[Call]:
        """Write the points of what a unit reads."""
        plan = self.plan
        start, stop = plan.lowered_rows(unit)
        low, high = unit.rows.inside(start, stop)
        for outside in (lowered[:, : low - start], lowered[:, high - start :]):
            if outside.size:
                yield partial(outside.fill, 0)
        if low == high:
            return
        x = self.x[:, unit.rows.image(low, high), :, unit.columns.n]
        points = in_tiles(lowered[:, low - start : high - start], x.shape[3])
        points = points.transpose(2, 1, 3, 0, 4)  # C, rows, tiles, points, samples
        for span in plan.inputs_of(unit.columns.q):
            to = points[:, :, span.tiles]
            if span.size:
                matrix = self.matrices.image[:, span.part]
                yield partial(np.matmul, matrix, columns_of(x, span, span.start, plan.tile), to)
            else:
                yield partial(to.fill, 0)

    def windows(self, unit: Unit, lowered: Array) -> Array:
        """The points as a matrix for each point and output row; those of one point overlap."""
        point, row, _, column = lowered.strides
        n_columns = lowered.shape[3]
        return as_strided(
            lowered,
            (len(lowered), unit.stop - unit.start, self.plan.depth, n_columns),
            (point, row * unit.rows.stride, column * n_columns, column),
        )

    def output_points(self, dy: Array, columns: Columns, points: Array) -> Iterator[Call]:
        """Write the points of a part of the output's gradient: points, rows, K, columns."""
        plan = self.plan
        to = in_tiles(points, dy.shape[3]).transpose(2, 1, 3, 0, 4)
        for span in plan.outputs_of(columns.q):
            matrix = self.matrices.outputs[span.part].T
            tiles = columns_of(dy, span, span.tiles.start * plan.tile, plan.tile)
            yield partial(np.matmul, matrix, tiles, to[:, :, span.tiles])

    # --- the gradients of filter and bias -----------------------------------------------

    def param_gradients(self, unit: Unit, scratch: Array, share: Share) -> Iterator[Call]:
        plan = self.plan
        dy, total, first = self.outputs(self.dy[share.part], unit), share.total, share.first
        n_rows, n_columns = dy.shape[1], len(unit.columns)
        start, stop = plan.lowered_rows(unit)
        lowered, read, together, laid_out = carve(
            scratch,
            (plan.n_points, plan.filter[1], stop - start, n_columns),  # rows as one long row
            (plan.n_points, plan.filters_per_group, n_rows, n_columns),
            plan.sum_shape,
            plan.laid_out,
        )
        points = read.transpose(0, 2, 1, 3)
        yield from self.output_points(dy, unit.columns, points)
        if share.sums is not None:  # the gradient of what is added to the point ONE
            yield bind_row_sums(points[ONE], share.sums)
        if total is None:
            return
        yield from self.lower(unit, lowered.transpose(0, 2, 1, 3))
        n_points, n_filters = read.shape[:2]
        point, channel, row, column = lowered.strides
        most = plan.laid_out[1]
        for at in range(0, n_rows, most):
            rows = slice(at, min(at + most, n_rows))
            size = (rows.stop - at) * n_columns
            windows = as_strided(
                lowered[:, :, at * unit.rows.stride :],
                (n_points, plan.filter[2], plan.filter[1], size),
                (point, row, channel, column),
            )
            right = read[:, :, rows].reshape(n_points, n_filters, size).transpose(0, 2, 1)
            to = total if first else together
            shape = (n_points, *windows.shape[1:3], n_filters)
            yield from by_rows(
                windows, right[:, np.newaxis], to.reshape(shape), laid_out.reshape(-1)
            )
            if not first:
                yield partial(np.add, total, together, total)
            first = False

    def write_filter_gradient(self, total: Array) -> Iterator[Call]:
        k, c, r, _ = self.dfilter.shape
        points = total.reshape(-1, r, c, k).transpose(2, 1, 3, 0)
        yield partial(np.matmul, points, self.matrices.taps, self.dfilter.transpose(1, 2, 0, 3))

    # --- the gradient of the image ------------------------------------------------------

    def flip_filter(self) -> Iterator[Call]:
        """The points of the filter as ``(points, C, R, K)``, taps in the order rows meet them."""
        k, c, r, _ = self.filter.shape
        flipped = self.scratch["flipped"].reshape(-1, c, r, k).transpose(1, 2, 0, 3)
        for places, taps in self.flipped_taps():
            to = flipped[:, places]
            yield partial(np.matmul, self.matrices.taps, taps.transpose(1, 2, 3, 0), to)

    def image_gradient(self, unit: GradientUnit, scratch: Array) -> Iterator[Call]:
        for columns in self.plan.gradient_columns:
            yield from self.some_samples(unit, columns, scratch)

    def some_samples(self, unit: GradientUnit, columns: Columns, scratch: Array) -> Iterator[Call]:
        """Write the image's gradient for all tiles of some samples."""
        plan = self.plan
        n_tiles, n = plan.n_places, columns.n.stop - columns.n.start
        n_rows, n_channels = unit.stop - unit.start, unit.channels.stop - unit.channels.start
        low, high = plan.output_rows(unit)
        read, unfolded = carve(
            scratch,
            (plan.n_points, max(0, high - low), plan.filters_per_group, n_tiles * n),
            (n_rows, n_channels, n_tiles, plan.n_points, n),
        )
        if high > low:
            dy = self.dy[:, unit.rows.outputs][:, low:high, :, columns.n]
            yield from self.output_points(dy, columns, read)
        flipped = self.scratch["flipped"][:, unit.channels]
        for row, start, stop, place in plan.reaching(unit):
            products = unfolded[row - unit.start]
            if start == stop:
                yield partial(products.fill, 0)
                continue
            taps = slice(
                place * plan.filters_per_group, (place + stop - start) * plan.filters_per_group
            )
            right = read[:, start - low : stop - low].reshape(plan.n_points, -1, n_tiles, n)
            yield from by_columns(
                flipped[:, np.newaxis, :, taps],
                right.transpose(0, 2, 1, 3),  # points, tiles, rows times K, samples
                products.transpose(2, 1, 0, 3),
            )
        target = self.image_rows(unit)[..., columns.n].transpose(1, 0, 2, 3)
        for segment in plan.segments:
            span = segment.stretches
            to = columns_of(target, span, span.start, plan.tile)
            yield partial(np.matmul, self.folding(segment), reaching(unfolded, segment), to)

    def folding(self, segment: Segment) -> Array:
        """The matrix from the points that reach some columns of the image's gradient to these."""
        plan, back = self.plan, self.matrices.image.T
        blocks = np.zeros((plan.n_blocks, plan.tile, plan.n_points), back.dtype)
        for i, block in enumerate(reversed(blocks)):
            columns = back[i * plan.tile : (i + 1) * plan.tile]
            block[: len(columns)] = columns
        chosen = blocks[segment.blocks, segment.stretches.part].transpose(1, 0, 2)
        return np.ascontiguousarray(chosen.reshape(segment.stretches.size, -1))


def in_tiles(columns: Array, n: int) -> Array:
    """``(…, tiles, n)`` of ``(…, tiles times n)``: a view."""
    return columns.reshape(*columns.shape[:-1], -1, n)


def columns_of(array: Array, span: TileSpan, start: int, step: int) -> Array:
    """``(…, tiles, elements, n)`` of ``(…, columns, n)``, tiles ``step`` apart: a view."""
    *outer, _, n = array.shape
    *steps, column, sample = array.strides
    return as_strided(
        array[..., start:, :],
        (*outer, span.n_tiles, span.size, n),
        (*steps, column * step, column, sample),
    )


def reaching(unfolded: Array, segment: Segment) -> Array:
    """``(rows, C, stretches, blocks times points, n)`` of the points of tiles: a view."""
    n_rows, n_channels, _, n_points, n = unfolded.shape
    size = (segment.blocks.stop - segment.blocks.start) * n_points
    return as_strided(
        unfolded[:, :, segment.tile :],
        (n_rows, n_channels, segment.stretches.n_tiles, size, n),
        unfolded.strides,
    )
