"""Depthwise convolution: every channel has filters of its own, and no product of matrices helps.

A channel's padded plane, stored batch last, is one long run of numbers, and a tap of the filter
meets the same run a little further on:

    plane, 4 columns, one sample    a b c d e f g h …         tap (0, 0) meets   a b c d …
                                                              tap (0, 1) meets   b c d e …
                                                              tap (1, 0) meets   e f g h …

So the output is the sum of nine (R · S) scaled runs, which ``einsum`` adds up in one pass each,
whatever the batch; the outputs that lie across the edge of two rows are junk, and are not copied.
With a stride the plane is split into *phases*, of which each has every stride-th row and column:
the taps that meet a phase meet it in steps of one. Of a single sample, neighbouring taps would meet
runs that are one number apart, which ``einsum`` takes for the inner loop; there each column of taps
has a plane of its own: a copy of the first, so much further on.

The image's gradient is the same sum over the output's gradient, padded, with the taps in reverse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnet.backend.base import ConvArrays, ScratchDecl
from graphnet.backend.calls import Call, Op
from graphnet.backend.numpy.convolution.banded_plan import BandedPlan
from graphnet.backend.numpy.convolution.depthwise_plan import DepthwisePlan, Phase
from graphnet.backend.numpy.scratch import carve
from graphnet.backend.numpy.sums import bind_row_sums
from graphnet.backend.numpy.threads import ThreadPool
from graphnet.blob import Array, Shape, storage


def depthwise_scratch(
    plan: DepthwisePlan | BandedPlan, n_threads: int, *, backward: bool
) -> dict[str, ScratchDecl]:
    """The scratch that :func:`bind_depthwise` needs, or that of products with bands."""
    n_slots = 1 if plan.inline else min(n_threads, len(plan.units))
    return {"slots": ScratchDecl((n_slots, plan.slot_scratch(backward=backward)))}


def bind_depthwise(
    pool: ThreadPool, plan: DepthwisePlan, arrays: ConvArrays, scratch: Mapping[str, Array]
) -> Op:
    """A depthwise convolution bound to its arrays."""
    units = [DepthwiseUnit(plan, channels, arrays) for channels in plan.units]
    return bind_units(pool, units, scratch["slots"], inline=plan.inline)


class ChannelUnit(Protocol):
    """Some channels, and the calls on them with a slot of scratch."""

    def forward(self, scratch: Array) -> Iterator[Call]:
        """The output."""

    def backward(self, scratch: Array) -> Iterator[Call]:
        """The gradients that are wanted."""


def bind_units(pool: ThreadPool, units: Sequence[ChannelUnit], slots: Array, *, inline: bool) -> Op:
    """Both passes over all units, each thread with a slot of its own."""
    forward = [[list(unit.forward(slot)) for slot in slots] for unit in units]
    backward = [[list(unit.backward(slot)) for slot in slots] for unit in units]
    return Op(pool.bind(forward, inline=inline), pool.bind(backward, inline=inline))


class DepthwiseUnit:
    """Some channels of a depthwise convolution, and the calls on them.

    Args:
        plan: Of the same shapes.
        channels: Which.
        arrays: Of the whole convolution.
    """

    def __init__(self, plan: DepthwisePlan, channels: slice, arrays: ConvArrays) -> None:
        self.plan, self.n = plan, plan.x[0]
        self.height, self.width = plan.spans
        m = plan.filters_per_group
        filters = slice(channels.start * m, channels.stop * m)
        self.n_channels = channels.stop - channels.start
        self.x = storage(arrays.x)[channels]
        self.dx: Any = None if arrays.dx is None else storage(arrays.dx)[channels]
        self.y = self.of_filters(storage(arrays.y)[filters])
        self.dy: Any = None if arrays.dy is None else self.of_filters(storage(arrays.dy)[filters])
        self.filter = self.of_filters(arrays.filter[filters, 0])
        self.dfilter: Any = None
        if arrays.dfilter is not None:
            self.dfilter = self.of_filters(arrays.dfilter[filters, 0])
        self.bias: Any = None
        if arrays.bias is not None:
            self.bias = self.of_filters(arrays.bias[filters, None, None, None])
        self.dbias: Any = None if arrays.dbias is None else arrays.dbias[filters]

    def of_filters(self, part: Array) -> Array:
        """The view ``(channels, filters of each, …)``."""
        return part.reshape(
            (self.n_channels, self.plan.filters_per_group, *part.shape[1:]), copy=False
        )

    def phases(self) -> Iterator[tuple[Phase, Phase]]:
        """All pairs of a phase of the rows and one of the columns."""
        for rows in self.height.phases:
            for columns in self.width.phases:
                yield rows, columns

    # --- forward ------------------------------------------------------------------------

    def forward(self, scratch: Array) -> Iterator[Call]:
        """The output."""
        plan, c = self.plan, self.n_channels
        planes, total, part = carve(scratch, plan.planes(c), plan.outputs(c), plan.outputs(c))
        length = self.run_length
        for i, (rows, columns) in enumerate(self.phases()):
            yield from self.fill(planes, rows, columns)
            to = (part if i else total)[..., :length]
            taps = self.met(planes, rows, columns, (length,), (1,))
            given = self.filter[:, :, rows.taps, columns.taps]
            yield partial(np.einsum, "crsl,cmrs->cml", taps, given, out=to)
            if i:
                yield partial(np.add, total[..., :length], to, total[..., :length])
        outputs = total.reshape(*total.shape[:2], self.height.out, plan.plane[1], self.n)
        outputs = outputs[:, :, :, : self.width.out]
        if self.bias is None:
            yield partial(np.copyto, self.y, outputs)
        else:
            yield partial(np.add, outputs, self.bias, self.y)

    @property
    def run_length(self) -> int:
        """Outputs of a channel and the junk between them."""
        return ((self.height.out - 1) * self.plan.plane[1] + self.width.out) * self.n

    def fill(self, planes: Array, rows: Phase, columns: Phase) -> Iterator[Call]:
        """Bring a phase of the image into the first plane, zero around it, and then the others."""
        yield partial(planes[0].fill, 0)
        n_rows, n_columns = self.plan.plane
        whole = planes[0, :, : n_rows * n_columns * self.n]
        whole = whole.reshape(len(whole), n_rows, n_columns, self.n)
        (top, bottom), (left, right) = self.height.elements(rows), self.width.elements(columns)
        bottom, right = min(bottom, n_rows), min(right, n_columns)
        if top < bottom and left < right:
            image = self.x[:, self.height.image(rows, top, bottom)]
            image = image[:, :, self.width.image(columns, left, right)]
            yield partial(np.copyto, whole[:, top:bottom, left:right], image)
        yield from self.copy_ahead(planes, columns)

    def copy_ahead(self, planes: Array, columns: Phase) -> Iterator[Call]:
        """Make each plane but the first that one, from what the next column of taps meets on."""
        flat = planes.reshape(len(planes), -1)  # what is left out at the end meets no tap
        for shift in range(1, min(len(planes), columns.n_taps)):
            ahead = shift * columns.step * self.n
            yield partial(np.copyto, flat[shift, :-ahead], flat[0, ahead:])

    def met(
        self, planes: Array, rows: Phase, columns: Phase, lengths: Shape, steps: Shape
    ) -> Array:
        """What the taps of two phases meet: ``(channels, taps down, taps across, …)``.

        Args:
            planes: As :meth:`fill` has filled them.
            rows: The taps down.
            columns: The taps across.
            lengths: Of the runs.
            steps: Elements from one number of theirs to the next.
        """
        item, n_columns = planes.itemsize, self.plan.plane[1]
        shifted = len(planes) > 1
        across = planes.strides[0] if shifted else columns.step * self.n * item
        start = (rows.first * n_columns + columns.first) * self.n
        return as_strided(
            planes[0, :, start:],
            (self.n_channels, rows.n_taps, columns.n_taps, *lengths),
            (
                planes.strides[1],
                rows.step * n_columns * self.n * item,
                across,
                *(step * item for step in steps),
            ),
        )

    # --- backward -----------------------------------------------------------------------

    def backward(self, scratch: Array) -> Iterator[Call]:
        """The gradients that are wanted."""
        if self.dy is None:
            return
        if self.dbias is not None:
            yield bind_row_sums(self.dy.reshape(len(self.dbias), -1), self.dbias)
        if self.dfilter is not None:
            yield from self.filter_gradient(scratch)
        if self.dx is not None:
            yield from self.image_gradient(scratch)

    def filter_gradient(self, scratch: Array) -> Iterator[Call]:
        """Of each tap: the products of what it meets with the output's gradient."""
        plan, c = self.plan, self.n_channels
        planes, sent, flat_sums = carve(
            scratch, plan.planes(c), plan.chunks(c), (prod(plan.sums(c)),)
        )
        yield partial(sent.fill, 0)
        n_columns = plan.plane[1]
        outputs = sent[..., : self.height.out * n_columns * self.n]
        outputs = outputs.reshape(*sent.shape[:2], self.height.out, n_columns, self.n)
        yield partial(np.copyto, outputs[:, :, :, : self.width.out], self.dy)
        n_chunks = plan.n_chunked // plan.chunk
        chunks = sent[..., : plan.n_chunked].reshape(*sent.shape[:2], n_chunks, plan.chunk)
        for rows, columns in self.phases():
            yield from self.fill(planes, rows, columns)
            taps = self.met(planes, rows, columns, (n_chunks, plan.chunk), (plan.chunk, 1))
            shape = (c, plan.filters_per_group, rows.n_taps, columns.n_taps, n_chunks)
            sums = flat_sums[: prod(shape)].reshape(shape)
            yield partial(np.einsum, "crskl,cmkl->cmrsk", taps, chunks, out=sums)
            to = self.dfilter[:, :, rows.taps, columns.taps]
            yield partial(np.add.reduce, sums, -1, None, to)

    def image_gradient(self, scratch: Array) -> Iterator[Call]:
        """Each phase of it, from the padded gradient of the output."""
        plan, c = self.plan, self.n_channels
        planes, flat = carve(scratch, plan.sent_planes(c), plan.gradients(c))
        if len(list(self.phases())) < prod(plan.window.stride):  # elements that no tap meets
            yield partial(self.dx.fill, 0)
        yield from self.fill_sent(planes)
        for rows, columns in self.phases():
            (top, bottom), (left, right) = self.height.elements(rows), self.width.elements(columns)
            if top == bottom or left == right:
                continue
            n_columns = plan.sent[1]
            length = ((bottom - top - 1) * n_columns + right - left) * self.n
            to = flat[:, :length]
            given = self.filter[:, :, rows.taps, columns.taps][:, :, ::-1, ::-1]
            taps = self.sent_back(planes, rows, columns, (top, left), length)
            yield partial(np.einsum, "cmrsl,cmrs->cl", taps, given, out=to)
            whole = flat[:, : (bottom - top) * n_columns * self.n]
            whole = whole.reshape(c, bottom - top, n_columns, self.n)[:, :, : right - left]
            image = self.dx[:, self.height.image(rows, top, bottom)]
            yield partial(np.copyto, image[:, :, self.width.image(columns, left, right)], whole)

    def fill_sent(self, planes: Array) -> Iterator[Call]:
        """Bring the output's gradient into planes of zeros, as far from the edge as taps reach."""
        yield partial(planes[0].fill, 0)
        whole = planes[0].reshape(*self.dy.shape[:2], *self.plan.sent, self.n)
        top, left = self.height.reach, self.width.reach
        bottom, right = top + self.height.out, left + self.width.out
        yield partial(np.copyto, whole[:, :, top:bottom, left:right], self.dy)
        most = max(self.width.phases, key=lambda phase: phase.n_taps)
        yield from self.copy_ahead(planes, most)

    def sent_back(
        self, planes: Array, rows: Phase, columns: Phase, place: tuple[int, int], length: int
    ) -> Array:
        """What reaches a phase through its taps, the last first.

        The view ``(channels, filters, taps down, taps across, run)``, of which a run begins at
        ``place``, a row and a column of the phase.
        """
        item, n_columns = planes.itemsize, self.plan.sent[1]
        down = place[0] + self.height.reach - rows.last
        across = place[1] + self.width.reach - columns.last
        shifted = len(planes) > 1
        start = (down * n_columns + across) * self.n
        return as_strided(
            planes[0, :, :, start:],
            (*planes.shape[1:3], rows.n_taps, columns.n_taps, length),
            (
                *planes.strides[1:3],
                rows.step * n_columns * self.n * item,
                planes.strides[0] if shifted else columns.step * self.n * item,
                item,
            ),
        )
