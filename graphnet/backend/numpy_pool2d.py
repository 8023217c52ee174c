"""Max and mean pooling on batch-last storage, bound call by call.

Forward is separable: first along the height, whose slices are long contiguous runs, then along
the width. Max's backward goes through the taps in scan order and lets each take what is left of
the gradient wherever it equals the maximum; so the first of equals takes all, and no index is
stored. Gradients are moved as integers, which cannot raise and keep every bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from math import prod

import numpy as np

from graphnet.backend.base import Divisor, PoolingKind, ScratchDecl, Window
from graphnet.backend.numpy_windows import Axis
from graphnet.backend.threads import Call, ThreadPool, cut, in_turn
from graphnet.blob import Array, Shape, storage

#: Below this many elements of the image a pass is not worth waking a thread; Max's backward does
#: four times the work of the others.
INLINE_ELEMENTS = 2**21
#: Elements of the image that are worked on at a time.
TILE_ELEMENTS = 2**20
#: Parts a pass should have, so that threads finish at about the same time.
N_UNITS = 4


@dataclass(frozen=True)
class PoolPlan:
    """The shapes of a pooling, and its parts.

    Attributes:
        window: Its geometry.
        x: ``(N, C, H, W)``.
        y: ``(N, C, P, Q)``.
    """

    window: Window
    x: Shape
    y: Shape

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Height and width."""
        height, width = (
            Axis(self.x[2 + i], self.y[2 + i], self.window.kernel[i], self.window.stride[i], pad)
            for i, pad in enumerate(self.window.pad)
        )
        return height, width

    @cached_property
    def channels(self) -> list[slice]:
        """Runs of channels; they share no element."""
        least = -(-prod(self.x) // TILE_ELEMENTS)
        return [slice(*c) for c in cut(self.x[1], max(N_UNITS, least))]

    @cached_property
    def rows(self) -> list[tuple[int, int]]:
        """Runs of output rows to be worked on one after another."""
        elements = prod(self.x) // self.x[1] * self._n_channels
        return cut(self.y[2], -(-elements // TILE_ELEMENTS))

    @property
    def _n_channels(self) -> int:
        return int(max(c.stop - c.start for c in self.channels))

    def tile(self, width: int) -> Shape:
        """Of the largest tile, its rows as wide as said."""
        n_rows = max(stop - start for start, stop in self.rows)
        return (self._n_channels, n_rows, width, self.x[0])

    @cached_property
    def disjoint(self) -> bool:
        """Whether no element is in two windows."""
        return all(axis.disjoint for axis in self.axes)

    @cached_property
    def unclipped(self) -> bool:
        """Whether every window lies in the image with all its taps."""
        return all(
            axis.inside(tap) == (0, axis.out) for axis in self.axes for tap in range(axis.kernel)
        )

    @cached_property
    def tiles(self) -> bool:
        """Whether every element is in exactly one window."""
        met = [
            sum(tap.windows.stop - tap.windows.start for tap in axis.taps()) for axis in self.axes
        ]
        return self.disjoint and tuple(met) == self.x[2:]


def pool2d_scratch(
    kind: PoolingKind, plan: PoolPlan, n_threads: int, *, backward: bool
) -> dict[str, ScratchDecl]:
    """The working memory of :class:`Pool2d`."""
    narrow = (n_threads, *plan.tile(plan.y[3]))
    wide = (n_threads, *plan.tile(plan.x[3]))
    decls = {"wide": ScratchDecl(wide)}
    if backward:
        decls["left"] = ScratchDecl(narrow)
    if backward and kind == "Max":
        decls["mask"] = ScratchDecl(narrow, "bool")
        decls["taken"] = ScratchDecl(narrow)
    return decls


class Pool2d:
    """A pooling bound to its arrays.

    Args:
        pool: Runs the parts.
        plan: Of the same shapes.
        kind: Max or Mean.
        divisor: Of a mean.
        arrays: x, y, dx, dy; the diffs may be None.
        scratch: As :func:`pool2d_scratch` declares it.
    """

    forward: Callable[[], None]
    backward: Callable[[], None]

    def __init__(
        self,
        pool: ThreadPool,
        plan: PoolPlan,
        kind: PoolingKind,
        divisor: Divisor,
        arrays: Sequence[Array | None],
        scratch: Mapping[str, Array],
    ) -> None:
        self.plan, self.kind, self.scratch = plan, kind, scratch
        self.x: Array
        self.y: Array
        self.dx: Array
        self.dy: Array
        self.x, self.y, self.dx, self.dy = (None if a is None else storage(a) for a in arrays)
        self.scale = _scale(plan, divisor, self.x.dtype)
        size = prod(plan.x)
        slots = range(pool.n_threads)
        self.forward = pool.bind(
            [[list(self._forward(c, slot)) for slot in slots] for c in plan.channels],
            inline=size < INLINE_ELEMENTS,
        )
        self.backward = in_turn([])
        if self.dx is not None:
            send, work = (self._send_max, 4) if kind == "Max" else (self._send_mean, 1)
            self.backward = pool.bind(
                [[list(send(c, slot)) for slot in slots] for c in plan.channels],
                inline=size * work < INLINE_ELEMENTS,
            )

    def _forward(self, channels: slice, slot: int) -> Iterator[Call]:
        height, width = self.plan.axes
        combine, start_value = (np.maximum, -np.inf) if self.kind == "Max" else (np.add, 0)
        for start, stop in self.plan.rows:
            x, y = self.x[channels], self.y[channels, start:stop]
            if height.trivial:
                wide = x[:, start:stop]
            else:
                wide = y if width.trivial else self._part("wide", y, slot)
                pairs = [(x[:, t.image], wide[:, t.windows]) for t in height.taps(start, stop)]
                yield from _combine(combine, start_value, pairs, wide)
            if height.trivial or not width.trivial:
                pairs = [(wide[:, :, t.image], y[:, :, t.windows]) for t in width.taps()]
                yield from _combine(combine, start_value, pairs, y)
            if self.kind == "Mean":
                yield partial(np.multiply, y, self._scale_of(start, stop), y)

    def _part(self, name: str, y: Array, slot: int) -> Array:
        """The slot's scratch for a tile of the output."""
        return self.scratch[name][slot, : y.shape[0], : y.shape[1]]

    def _scale_of(self, start: int, stop: int) -> Array:
        return self.scale[start:stop] if self.scale.ndim else self.scale

    def _send_max(self, channels: slice, slot: int) -> Iterator[Call]:
        height, width = self.plan.axes
        bits = np.dtype(f"u{self.x.itemsize}")
        if not self.plan.tiles:
            yield partial(self.dx[channels].fill, 0)
        for start, stop in self.plan.rows:
            x, dx = self.x[channels], self.dx[channels]
            y, dy = self.y[channels, start:stop], self.dy[channels, start:stop]
            left, mask, taken = (self._part(name, y, slot) for name in ("left", "mask", "taken"))
            yield partial(np.copyto, left, dy)
            taps = list(product(height.taps(start, stop), width.taps()))
            for down, right in taps:
                windows = (slice(None), down.windows, right.windows)
                image = (slice(None), down.image, right.image)
                if (down, right) == taps[-1] and self.plan.unclipped:
                    yield from self._give(left, dx[image])
                    break
                yield partial(np.equal, x[image], y[windows], mask[windows])
                rest, share = left[windows].view(bits), taken[windows].view(bits)
                yield partial(np.multiply, rest, mask[windows], share)
                yield partial(np.bitwise_xor, rest, share, rest)
                yield from self._give(taken[windows], dx[image])

    def _give(self, share: Array, dx: Array) -> Iterator[Call]:
        """Add to the gradient, which is zero where windows are disjoint."""
        if self.plan.disjoint:
            yield partial(np.copyto, dx, share)
        else:
            yield partial(np.add, dx, share, dx)

    def _send_mean(self, channels: slice, slot: int) -> Iterator[Call]:
        height, width = self.plan.axes
        if not self.plan.tiles:
            yield partial(self.dx[channels].fill, 0)
        for start, stop in self.plan.rows:
            dx, dy = self.dx[channels], self.dy[channels, start:stop]
            left, wide = (self._part(name, dy, slot) for name in ("left", "wide"))
            yield partial(np.multiply, dy, self._scale_of(start, stop), left)
            if width.trivial:
                wide = left
            else:
                if not self.plan.tiles:
                    yield partial(wide.fill, 0)
                for tap in width.taps():
                    yield from self._give(left[:, :, tap.windows], wide[:, :, tap.image])
            for tap in height.taps(start, stop):
                yield from self._give(wide[:, tap.windows], dx[:, tap.image])


def _combine(
    function: np.ufunc, start_value: float, pairs: list[tuple[Array, Array]], whole: Array
) -> Iterator[Call]:
    """Reduce the sources into ``whole``, each over the part of it that it is paired with."""
    full = [source for source, target in pairs if target.shape == whole.shape]
    partly = [(source, target) for source, target in pairs if target.shape != whole.shape]
    match full:
        case []:
            yield partial(whole.fill, start_value)
        case [only]:
            yield partial(np.copyto, whole, only)
        case [first, second, *others]:
            yield partial(function, first, second, out=whole)
            for source in others:
                yield partial(function, whole, source, out=whole)
    for source, target in partly:
        yield partial(function, target, source, out=target)


def _scale(plan: PoolPlan, divisor: Divisor, dtype: np.dtype) -> Array:
    """One over the divisor: a scalar where all windows have the same, else ``(P, Q, 1)``."""
    counts = []
    for axis in plan.axes:
        start = np.arange(axis.out) * axis.stride - axis.pad
        stop = start + axis.kernel
        if divisor == "padded":
            stop = np.minimum(stop, axis.size + axis.pad)
        elif divisor == "valid":
            start, stop = np.maximum(start, 0), np.minimum(stop, axis.size)
        counts.append(stop - start)
    area = np.outer(*counts)
    scale = (1 / area[:, :, None]).astype(dtype)
    return scale[0, 0, 0] if (area == area[0, 0]).all() else scale
