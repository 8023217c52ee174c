"""The maximum of windows that lie side by side, in a number of steps that grows as log₂(kernel).

Of two windows of which one begins where the other ends (or earlier), the larger maximum is that of
the window that is both:

    x          3 1 4 1 5 9 2
    of 2       3 4 4 5 9 9        of x and x one further
    of 4       4 5 9 9            of these and these two further
    of 5       5 9 9              of these and these one further: they overlap

Each step notes whether the second was larger, so that of equal maxima the first one wins. Backward
goes the steps from the last to the first: what a window gets, one of its two gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from graphnet.backend.calls import Call
from graphnet.backend.numpy.windows import Axis
from graphnet.blob import Array

#: Elements of the smallest windows for which there are fewer steps than elements.
SMALLEST = 4
#: Arrays of a part, with its padding, that are needed at once.
N_BUFFERS = 3


def runs_along(axis: Axis) -> bool:
    """Whether the windows of an axis are found in this way: there are not few of long ones."""
    return axis.stride == axis.dilation == 1 and SMALLEST <= axis.kernel <= 2 * axis.out


def padded(axis: Axis) -> int:
    """The elements that the windows cover, those of the padding too."""
    return axis.out + axis.kernel - 1


class Step(NamedTuple):
    """One step along an axis.

    Attributes:
        length: Of the windows it begins with.
        shift: From the first of two such windows to the second.
        n: How many windows there are behind it.
        at: Where its notes begin among those of all steps.
    """

    length: int
    shift: int
    n: int
    at: int


def steps(axis: Axis) -> list[Step]:
    """All of them, the first one first."""
    found, length, n, at = [], 1, padded(axis), 0
    while length < axis.kernel:
        shift = min(length, axis.kernel - length)
        n -= shift
        found.append(Step(length, shift, n, at))
        length, at = length + shift, at + n
    return found


def n_notes(axis: Axis) -> int:
    """How many notes are kept along the axis."""
    last = steps(axis)[-1]
    return last.at + last.n


@dataclass(frozen=True)
class RunningMaxima:
    """The maxima along one axis.

    Attributes:
        axis: The windows; :func:`runs_along` it.
        dim: Which axis of the arrays it is.
        x: What is searched.
        y: The maxima.
        notes: Like them, except for the axis, which has :func:`n_notes`.
        buffers: Flat scratch, for :data:`N_BUFFERS` arrays like ``x`` with its padding.
    """

    axis: Axis
    dim: int
    x: Array
    y: Array
    notes: Array
    buffers: Array

    @property
    def inside(self) -> int:
        """How many elements of the image the windows cover."""
        return min(self.axis.size, padded(self.axis) - self.axis.pad)

    def forward(self) -> Iterator[Call]:
        """Write the maxima and the notes."""
        axis, found = self.axis, self.buffer(0, padded(self.axis))
        begin, end = axis.pad, axis.pad + self.inside
        for outside in (self.part(found, 0, begin), self.part(found, end, None)):
            if outside.size:
                yield partial(outside.fill, -np.inf)
        yield partial(np.copyto, self.part(found, begin, end), self.part(self.x, 0, self.inside))
        walked = steps(axis)
        for i, step in enumerate(walked, 1):
            first, second = self.pair(found, step)
            to = self.y if i == len(walked) else self.buffer(i % 2, step.n)
            larger = self.part(self.notes, step.at, step.at + step.n)
            yield partial(np.greater, second, first, larger)
            # padding before the image loses to whatever is in it, to -inf too
            blind = axis.pad - step.length + 1
            if blind > 0:
                yield partial(self.part(larger, 0, min(blind, step.n)).fill, True)
            yield partial(np.maximum, first, second, out=to)
            found = to

    def backward(self, dx: Array, dy: Array) -> Iterator[Call]:
        """Write the gradient: it is moved as integers, which keep every bit, and then added."""
        bits, sent = np.dtype(f"u{dy.itemsize}"), dy
        for i, step in enumerate(reversed(steps(self.axis))):
            to = self.buffer(i % 2, step.n + step.shift)
            first, second = self.pair(to, step)
            larger = self.part(self.notes, step.at, step.at + step.n)
            share = self.buffer(2, step.n)
            yield partial(np.multiply, sent.view(bits), larger, share.view(bits))
            yield partial(np.bitwise_xor, sent.view(bits), share.view(bits), first.view(bits))
            yield partial(self.part(to, step.n, None).fill, 0)
            yield partial(np.add, second, share, second)
            sent = to
        begin = self.axis.pad
        yield partial(
            np.copyto, self.part(dx, 0, self.inside), self.part(sent, begin, begin + self.inside)
        )
        unseen = self.part(dx, self.inside, None)
        if unseen.size:
            yield partial(unseen.fill, 0)

    def pair(self, array: Array, step: Step) -> tuple[Array, Array]:
        """The first and the second window of each that is made of two."""
        return self.part(array, 0, step.n), self.part(array, step.shift, step.shift + step.n)

    def part(self, array: Array, start: int, stop: int | None) -> Array:
        """A part of an array along the axis."""
        return array[(slice(None),) * self.dim + (slice(start, stop),)]

    def buffer(self, which: int, n: int) -> Array:
        """Scratch like ``x``, of n elements along the axis."""
        size = self.buffers.size // N_BUFFERS
        shape = (*self.x.shape[: self.dim], n, *self.x.shape[self.dim + 1 :])
        n_elements = self.x.size // self.axis.size * n
        return self.buffers[which * size :][:n_elements].reshape(shape)
