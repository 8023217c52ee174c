"""Pooling by one window over the whole plane: a maximum or a mean for each channel and sample.

Stored batch last, a channel's plane is a matrix of places × samples, and the pooling reduces its
columns. Of one sample that is a row for each channel. Of several, one half of the places is laid
upon the other until one is left: long runs of numbers, however few samples there are, and pairwise
sums.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import isqrt, prod
from typing import Any, cast

import numpy as np

from graphnet.backend.base import PoolingKind, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.numpy.sums import WIDE
from graphnet.blob import Array, Shape, storage


def whole_plane_scratch(
    kind: PoolingKind, x: Shape, n_channels: int, n_slots: int, *, backward: bool
) -> dict[str, ScratchDecl]:
    """The scratch of :class:`WholePlane`.

    Args:
        kind: Max or Mean.
        x: ``(N, C, H, W)``.
        n_channels: Of the largest part.
        n_slots: How many parts are worked on at once.
        backward: Whether the pass goes backward.
    """
    n, channels, *plane = x
    n_places, decls = prod(plane), {}
    if kind == "Max" and backward:
        decls["winners"] = ScratchDecl((channels, n), str(np.dtype(np.intp)), "pass")
    if n > 1:
        decls["places"] = ScratchDecl((n_slots, n_channels * n_places * n))
    return decls


class WholePlane:
    """Some channels of such a pooling, and the calls on them.

    Args:
        channels: Which.
        arrays: x, y, dx, dy; the diffs may be None.
        scratch: As :func:`whole_plane_scratch` declares it.
        kind: Max or Mean.
        scale: One over the divisor of a mean.
    """

    def __init__(
        self,
        channels: slice,
        arrays: Sequence[Array | None],
        scratch: Mapping[str, Array],
        kind: PoolingKind,
        scale: Array,
    ) -> None:
        parts = [None if a is None else _places(storage(a)[channels]) for a in arrays]
        self.x, self.y, self.dx, self.dy = cast("list[Any]", parts)
        self.kind, self.scale, self.scratch = kind, scale, scratch
        self.winners = scratch["winners"][channels] if "winners" in scratch else None
        n_channels, n_places, n = self.x.shape
        first = np.arange(n_channels, dtype=np.intp)[:, np.newaxis] * (n_places * n)
        self.first = first + np.arange(n, dtype=np.intp)

    # --- forward ------------------------------------------------------------------------

    def forward(self, slot: int) -> Iterator[Call]:
        """The maxima or means."""
        if self.winners is not None:
            yield from self.search(self.winners, slot)
        elif self.x.shape[2] > 1:
            yield from self.fold(np.maximum if self.kind == "Max" else np.add, slot)
        elif self.kind == "Max":
            yield partial(np.maximum.reduce, self.x, 1, None, self.y, keepdims=True)
        else:
            # pairwise, and alike in every channel, as a product with ones need not be
            yield partial(np.add.reduce, self.x[:, :, 0], 1, None, self.y[:, 0, 0])
        if self.kind == "Mean":
            yield partial(np.multiply, self.y, self.scale, self.y)

    def fold(self, function: np.ufunc, slot: int) -> Iterator[Call]:
        """Reduce the places: one half upon the other until one is left."""
        n_channels, n, n_samples = self.x.shape
        source, free = self.x, self.scratch["places"][slot]
        while n > 1:
            half = n // 2
            shape = (n_channels, half, n_samples)
            # each in memory of its own: where it might overlap, NumPy makes a copy
            to = self.y if half == 1 else free[: prod(shape)].reshape(shape)
            free = free[prod(shape) :]
            yield partial(function, source[:, :half], source[:, half : 2 * half], out=to)
            if n % 2:
                yield partial(function, to[:, :1], source[:, n - 1 : n], out=to[:, :1])
            source, n = to, half

    def search(self, winners: Array, slot: int) -> Iterator[Call]:
        """The maxima, and where in ``x`` the first of each lies."""
        n_channels, n_places, n = self.x.shape
        by_sample = self.x.transpose(0, 2, 1)
        if n > 1:  # an element of one sample follows that of another
            shape = (n_channels, n, n_places)
            by_sample = self.scratch["places"][slot, : prod(shape)].reshape(shape)
            yield partial(np.copyto, by_sample, self.x.transpose(0, 2, 1))
        yield partial(np.argmax, by_sample, 2, winners)
        yield partial(np.multiply, winners, n, winners)
        yield partial(np.add, winners, self.first, winners)
        yield partial(self.x.reshape(-1).take, winners, 0, self.y[:, 0], "clip")

    # --- backward -----------------------------------------------------------------------

    def backward(self, slot: int) -> Iterator[Call]:
        """The gradient: to the winners, or to all places alike."""
        if self.winners is not None:
            yield partial(self.dx.fill, 0)
            yield partial(operator.setitem, self.dx.reshape(-1), self.winners, self.dy[:, 0])
            return
        n_channels, n_places, n = self.dx.shape
        if n == 1 or n >= WIDE:
            yield partial(np.multiply, self.dy, self.scale, self.dx)
            return
        # rows of few numbers: some places are made one by one, the others are copies of all these
        some = isqrt(n_places)
        shape = (n_channels, some, n)
        block = self.scratch["places"][slot, : prod(shape)].reshape(shape)
        yield partial(np.multiply, self.dy, self.scale, block)
        for start in range(0, n_places, some):
            to = self.dx[:, start : start + some]
            yield partial(np.copyto, to, block[:, : to.shape[1]])


def _places(part: Array) -> Array:
    """The view ``(channels, places, samples)`` of a part stored batch last."""
    n_channels, height, width, n = part.shape
    return part.reshape((n_channels, height * width, n), copy=False)
