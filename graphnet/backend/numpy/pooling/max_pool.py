"""The maximum of windows on batch-last storage, and which element of each it was.

A window is searched in two stages: along the width for the maximum of each of its rows, then along
the height for the largest of these. Each stage notes, mostly in a byte, the place of the first
maximum (the *winner*):

    window    3 9 1    row maxima   9   column winners   1     maximum      9
              4 2 9                 9                    2     row winner   0

The gradient goes back the same way, along the height and then along the width, to the first maximum
in scan order; neither the image nor the maxima are needed again. Gradients are moved as integers,
which cannot raise and keep every bit. Along an axis of large windows side by side there is a
quicker way, in ``running``; what it notes stands in the place of the winners.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from graphnet.backend.base import ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.numpy.pooling.running import (
    N_BUFFERS,
    RunningMaxima,
    n_notes,
    padded,
    runs_along,
)
from graphnet.backend.numpy.windows import Axis, WindowRun
from graphnet.blob import Array, Shape

#: Elements of the smallest window that is searched.
PAIR = 2


def max_pool_scratch(
    height: Axis, width: Axis, x: Shape, part: Shape, n_slots: int
) -> dict[str, ScratchDecl]:
    """The scratch of :class:`MaxPart`.

    Args:
        height: The windows' rows.
        width: The windows' columns.
        x: ``(C, H, W, N)``.
        part: Of the largest part of it.
        n_slots: How many parts are worked on at once.
    """
    decls, axes = {}, [axis for axis in (height, width) if not axis.trivial]
    channels, rows, columns, n = x
    if not width.trivial:
        columns = width.out
        winners = (channels, rows, _n_noted(width), n)
        decls["column_winners"] = ScratchDecl(winners, places(width), "pass")
    if not height.trivial:
        winners = (channels, _n_noted(height), columns, n)
        decls["row_winners"] = ScratchDecl(winners, places(height), "pass")
    n_channels, _, n_columns, _ = part
    across = n_columns if width.trivial else width.out
    size = n_channels * max(rows, height.out) * across * n
    decls["larger"] = ScratchDecl((n_slots, size), "bool")
    if len(axes) > 1:
        decls["of_rows"] = ScratchDecl((n_slots, size))
    running = [axis for axis in axes if runs_along(axis)]
    if running:
        covered = max(padded(axis) * (across if axis is height else rows) for axis in running)
        decls["running"] = ScratchDecl((n_slots, N_BUFFERS * n_channels * covered * n))
        axes = [axis for axis in axes if axis not in running]
    if not all(axis.disjoint for axis in axes):
        decls["share"] = ScratchDecl((n_slots, size))
    if any(axis.kernel > PAIR for axis in axes):
        decls["place"] = ScratchDecl((n_slots, size), max((places(a) for a in axes), key=np.dtype))
        decls["left"] = ScratchDecl((n_slots, size))
    return decls


def places(axis: Axis) -> str:
    """The type of numbers that say which element of a window, or which half of it."""
    if runs_along(axis):
        return "bool"
    return str(np.min_scalar_type(axis.kernel))


def _n_noted(axis: Axis) -> int:
    """How many numbers are noted along an axis."""
    return n_notes(axis) if runs_along(axis) else axis.out


@dataclass(frozen=True)
class AxisMaxima:
    """The maxima along one axis.

    Attributes:
        axis: The windows.
        dim: Which axis of the arrays it is.
        x: What is searched.
        y: The maxima.
        winners: Like them: which element of its window each is, of those inside the image.
        scratch: Flat scratch by name.
    """

    axis: Axis
    dim: int
    x: Array
    y: Array
    winners: Array
    scratch: Mapping[str, Array]

    def forward(self) -> Iterator[Call]:
        """Write the maxima and the winners."""
        for run in self.axis.runs():
            y, winners = self.windows(self.y, run), self.windows(self.winners, run)
            larger = self.like(y, "larger")
            first, *others = self.taps(self.x, run)
            if not others:
                yield partial(np.copyto, y, first)
            for i, other in enumerate(others, 1):
                yield partial(np.greater, other, first, larger)
                yield partial(np.maximum, first, other, out=y)
                if i == 1:
                    yield partial(np.copyto, winners, larger)
                else:  # the winner is the last that was larger than all before it
                    place = self.place(y)
                    yield partial(np.multiply, larger, place.dtype.type(i), place)
                    yield partial(np.maximum, winners, place, out=winners)
                first = y

    def backward(self, dx: Array, dy: Array) -> Iterator[Call]:
        """Write the gradient: the winners' elements get it, the others nothing."""
        if self.axis.disjoint:
            return self.send(dx, dy)
        return self.send_overlapping(dx, dy)

    def send(self, dx: Array, dy: Array) -> Iterator[Call]:
        """To windows that share no element: the first tap takes what the others leave."""
        if not self.axis.tiles:
            yield partial(dx.fill, 0)
        bits = np.dtype(f"u{dy.itemsize}")
        for run in self.axis.runs():
            rest, winners = self.windows(dy, run).view(bits), self.windows(self.winners, run)
            mask = self.like(rest, "larger")
            first, *others = (tap.view(bits) for tap in self.taps(dx, run))
            if not others:
                yield partial(np.copyto, first, rest)
            for i, other in enumerate(others, 1):
                yield partial(np.equal, winners, winners.dtype.type(i), mask)
                yield partial(np.multiply, rest, mask, other)
                left = first if i == len(others) else self.like(rest, "left").view(bits)
                yield partial(np.bitwise_xor, rest, other, left)
                rest = left

    def send_overlapping(self, dx: Array, dy: Array) -> Iterator[Call]:
        """To windows that overlap: taps up to the stride write, those beyond it add."""
        bits, stride = np.dtype(f"u{dy.itemsize}"), self.axis.stride
        after: list[Call] = []
        unwritten = self.part(dx, slice(max(0, self.axis.out * stride - self.axis.pad), None))
        if unwritten.size:
            yield partial(unwritten.fill, 0)
        for run in self.axis.runs():
            whole, winners = self.windows(dy, run), self.windows(self.winners, run)
            mask, share = self.like(whole, "larger"), self.like(whole, "share")
            taps = self.taps(dx, run)
            for i, tap in enumerate(taps):
                writes = run.first + i < stride
                to = tap if writes else share
                calls = [partial(np.copyto, to, whole)]
                if len(taps) > 1:
                    calls = [
                        partial(np.equal, winners, winners.dtype.type(i), mask),
                        partial(np.multiply, whole.view(bits), mask, to.view(bits)),
                    ]
                if writes:
                    yield from calls
                else:
                    after += [*calls, partial(np.add, tap, share, tap)]
        yield from after

    def windows(self, array: Array, run: WindowRun) -> Array:
        """The part of an array that has an element for each window of the run."""
        return self.part(array, run.windows)

    def taps(self, array: Array, run: WindowRun) -> list[Array]:
        """The parts of an array like the image that the taps of the run meet."""
        return [self.part(array, tap) for tap in run.taps]

    def part(self, array: Array, which: slice) -> Array:
        """A part of an array along the axis."""
        return array[(slice(None),) * self.dim + (which,)]

    def place(self, array: Array) -> Array:
        """Scratch for numbers like the winners, of the shape of an array."""
        scratch = self.scratch["place"].view(self.winners.dtype)
        return scratch[: array.size].reshape(array.shape)

    def like(self, array: Array, name: str) -> Array:
        """Scratch of that name, of the same shape."""
        return self.scratch[name][: array.size].reshape(array.shape)


class MaxPart:
    """Some channels and columns of a max pooling, and the calls on them.

    Args:
        height: The windows' rows.
        width: The windows' columns, as far as they belong to the part.
        x: The part of the image, stored ``(C, H, W, N)``.
        y: The part of the maxima.
        scratch: The part of the winners; the slot's row of all else.
    """

    def __init__(
        self, height: Axis, width: Axis, x: Array, y: Array, scratch: Mapping[str, Array]
    ) -> None:
        shape = (x.shape[0], x.shape[1], y.shape[2], x.shape[3])
        middle = y if height.trivial else x
        if not (height.trivial or width.trivial):
            middle = self.of_rows = scratch["of_rows"][: prod(shape)].reshape(shape)
        self.stages = []
        if not width.trivial:
            self.stages.append(_maxima(width, 2, x, middle, scratch))
        if not height.trivial:
            self.stages.append(_maxima(height, 1, middle, y, scratch))
        self.x, self.y = x, y

    def forward(self) -> Iterator[Call]:
        """The maxima, and which they are."""
        if not self.stages:
            yield partial(np.copyto, self.y, self.x)
        for stage in self.stages:
            yield from stage.forward()

    def backward(self, dx: Array, dy: Array) -> Iterator[Call]:
        """The gradient, by what forward found."""
        match self.stages:
            case []:
                yield partial(np.copyto, dx, dy)
            case [only]:
                yield from only.backward(dx, dy)
            case [across, down]:
                yield from down.backward(self.of_rows, dy)
                yield from across.backward(dx, self.of_rows)


def _maxima(
    axis: Axis, dim: int, x: Array, y: Array, scratch: Mapping[str, Array]
) -> AxisMaxima | RunningMaxima:
    """The maxima along one axis, in the way that is quickest there."""
    winners = scratch["row_winners" if dim == 1 else "column_winners"]
    if runs_along(axis):
        return RunningMaxima(axis, dim, x, y, winners, scratch["running"])
    return AxisMaxima(axis, dim, x, y, winners, scratch)
