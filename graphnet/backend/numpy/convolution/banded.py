"""Depthwise convolution of narrow planes, as products with matrices of bands.

A channel has one filter, so that there is no matrix to multiply with; one is made of it. Each row
of the output is a product of all rows of the image that it meets, which lie one after another, with
a matrix that has the filter's taps on diagonals and is zero elsewhere. Of a filter of 2 × 3 taps
``a b c`` and ``d e f`` over four columns, padded by one:

    output row p (4, N)   =   b c . .   e f . .   @   image rows p, p + 1 (2 · 4, N)
                              a b c .   d e f .
                              . a b c   . d e f
                              . . a b   . . d e

Many of the multiply-adds are with zeros; but they are a matrix product's, which does ten and more
in the time that one of a sum of shifted runs takes (``depthwise``), and nothing is copied. Infinite
or undefined elements make all the rows undefined that meet their row.

The image's gradient is the same with the transposed bands. The filter's is the sum over the rows of
products of the output's gradient with the image, of which the diagonals are added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnet.backend.base import ConvArrays
from graphnet.backend.calls import Call, Op
from graphnet.backend.numpy.convolution.banded_plan import BandedPlan, RowRun
from graphnet.backend.numpy.convolution.depthwise import bind_units
from graphnet.backend.numpy.scratch import carve
from graphnet.backend.numpy.sums import bind_row_sums
from graphnet.backend.numpy.threads import ThreadPool
from graphnet.backend.numpy.windows import Tap
from graphnet.blob import Array, storage


def bind_banded(
    pool: ThreadPool, plan: BandedPlan, arrays: ConvArrays, scratch: Mapping[str, Array]
) -> Op:
    """A depthwise convolution bound to its arrays."""
    units = [_Unit(plan, channels, arrays) for channels in plan.units]
    return bind_units(pool, units, scratch["slots"], inline=plan.inline)


class _Unit:
    """Some channels of a depthwise convolution, and the calls on them."""

    def __init__(self, plan: BandedPlan, channels: slice, arrays: ConvArrays) -> None:
        self.plan, self.n_channels = plan, channels.stop - channels.start
        self.across = plan.axes[1].taps()
        self.x, self.y = storage(arrays.x)[channels], storage(arrays.y)[channels]
        self.dx: Any = None if arrays.dx is None else storage(arrays.dx)[channels]
        self.dy: Any = None if arrays.dy is None else storage(arrays.dy)[channels]
        self.filter = arrays.filter[channels, 0]
        self.dfilter: Any = None if arrays.dfilter is None else arrays.dfilter[channels, 0]
        self.bias: Any = None if arrays.bias is None else arrays.bias[channels, None, None, None]
        self.dbias: Any = None if arrays.dbias is None else arrays.dbias[channels]

    def forward(self, scratch: Array) -> Iterator[Call]:
        """The output."""
        (bands,) = carve(scratch, self.plan.bands(self.n_channels))
        yield from self.write_bands(bands)
        yield from products(bands, self.plan.output_runs, self.x, self.y)
        if self.bias is not None:
            yield partial(np.add, self.y, self.bias, self.y)

    def write_bands(self, bands: Array) -> Iterator[Call]:
        """The taps on their diagonals, the rest zero."""
        yield partial(bands.fill, 0)
        for tap in self.across:
            taps = self.filter[:, :, tap.index, np.newaxis]
            yield partial(np.copyto, diagonals(bands, tap), taps)

    def backward(self, scratch: Array) -> Iterator[Call]:
        """The gradients that are wanted."""
        if self.dy is None:
            return
        if self.dbias is not None:
            yield bind_row_sums(self.dy.reshape(self.n_channels, -1), self.dbias)
        if self.dfilter is not None:
            yield from self.filter_gradient(scratch)
        if self.dx is not None:
            yield from self.image_gradient(scratch)

    def filter_gradient(self, scratch: Array) -> Iterator[Call]:
        """Of each tap: the sum of its diagonal in the products of all rows."""
        plan, c = self.plan, self.n_channels
        total, of_rows = carve(scratch, plan.bands(c), plan.products(c))
        for run in plan.output_runs:
            some = of_rows[:, run.rows]
            for outside in (some[..., : run.taps.start, :], some[..., run.taps.stop :, :]):
                if outside.size:
                    yield partial(outside.fill, 0)
            to = merged(some[..., run.taps, :])
            met = rows_met(self.x, run, to.shape[1]).swapaxes(2, 3)
            yield partial(np.matmul, self.dy[:, run.rows], met, to)
        yield partial(np.add.reduce, of_rows, 1, None, total)
        if len(self.across) < plan.filter[3]:  # taps that meet nothing but padding
            yield partial(self.dfilter.fill, 0)
        for tap in self.across:
            to = self.dfilter[:, :, tap.index]
            yield partial(np.add.reduce, diagonals(total, tap), -1, None, to)

    def image_gradient(self, scratch: Array) -> Iterator[Call]:
        """As the output, with the bands transposed."""
        plan, c = self.plan, self.n_channels
        bands, turned = carve(scratch, plan.bands(c), plan.turned(c))
        yield from self.write_bands(bands)
        for place, tap in enumerate(plan.turned_taps):
            yield partial(np.copyto, turned[:, :, place], bands[:, :, tap].swapaxes(1, 2))
        yield from products(turned, plan.image_runs, self.dy, self.dx)


def products(bands: Array, runs: list[RowRun], source: Array, target: Array) -> Iterator[Call]:
    """Write all rows of ``target`` ``(C, rows, M, N)`` from those of ``source`` ``(C, …, L, N)``.

    ``bands`` are ``(C, M, taps, L)``.
    """
    for run in runs:
        to = target[:, run.rows]
        if run.taps.start == run.taps.stop:
            yield partial(to.fill, 0)
            continue
        left = merged(bands[:, :, run.taps])[:, np.newaxis]
        yield partial(np.matmul, left, rows_met(source, run, to.shape[1]), to)


def rows_met(source: Array, run: RowRun, n_rows: int) -> Array:
    """The view ``(C, n_rows, taps · L, N)`` of what each row of a run is made of; they overlap."""
    n_channels, _, length, n = source.shape
    channel, row, column, sample = source.strides
    n_taps = run.taps.stop - run.taps.start
    return as_strided(
        source[:, run.start :],
        (n_channels, n_rows, n_taps * length, n),
        (channel, row * run.step, column, sample),
    )


def diagonals(bands: Array, tap: Tap) -> Array:
    """The view ``(C, taps down, windows)`` of where a tap across stands in bands."""
    channel, output, down, column = bands.strides
    return as_strided(
        bands[:, tap.windows.start :, :, tap.image.start :],
        (bands.shape[0], bands.shape[2], tap.windows.stop - tap.windows.start),
        (channel, down, output + column * tap.image.step),
    )


def merged(bands: Array) -> Array:
    """The view ``(…, taps · L)`` of ``(…, taps, L)``."""
    return bands.reshape((*bands.shape[:-2], -1), copy=False)
