"""Max and mean pooling on batch-last storage, bound call by call.

Both are separable: first along the height, whose slices are long contiguous runs, then along the
width. A max pooling that will go backward goes another way, in ``max_pool``; one window over the
whole plane a third, in ``whole_plane``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import isqrt, prod
from typing import Any, TypeAlias, cast

import numpy as np

from graphnet.backend.base import Divisor, Op, PoolingKind, ScratchDecl
from graphnet.backend.calls import Call, cut
from graphnet.backend.numpy.pooling.max_pool import MaxPart, max_pool_scratch
from graphnet.backend.numpy.pooling.whole_plane import WholePlane, whole_plane_scratch
from graphnet.backend.numpy.sums import PLAIN
from graphnet.backend.numpy.threads import ThreadPool
from graphnet.backend.numpy.windows import Axis, axes_of
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape, storage

#: What a tap of the windows meets, and the windows, as a part of an array.
Tapped: TypeAlias = tuple[Array, tuple[slice, ...]]

#: A pass over fewer elements of the image, times its cost, is not worth waking a thread for.
INLINE_ELEMENTS = 2**19
#: What a pass costs on an element, where maxima are searched for and elsewhere.
SEARCH, REDUCE = 2, 1
#: Elements of the image that are worked on at a time.
TILE_ELEMENTS = 2**19
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
        return axes_of(self.window, (self.x[2], self.x[3]), (self.y[2], self.y[3]))

    @cached_property
    def whole(self) -> bool:
        """Whether one window has all elements of a plane, of which there are several."""
        return prod(self.x[2:]) > 1 and all(
            axis.out == 1 and axis.kernel - axis.pad >= axis.size for axis in self.axes
        )

    @cached_property
    def channels(self) -> list[slice]:
        """Runs of channels."""
        least = -(-prod(self.x) // TILE_ELEMENTS)
        return [slice(*a) for a in cut(self.x[1], max(N_UNITS, least))]

    @cached_property
    def parts(self) -> list[tuple[slice, slice]]:
        """Runs of channels, and of columns where those are independent too; no two meet."""
        least = -(-prod(self.x) // TILE_ELEMENTS)
        columns = [(0, self.x[3])]
        if self.axes[1].trivial:
            columns = cut(self.x[3], -(-max(N_UNITS, least) // len(self.channels)))
        return [(channels, slice(*b)) for channels in self.channels for b in columns]

    @cached_property
    def rows(self) -> list[tuple[int, int]]:
        """Runs of output rows to be worked on one after another."""
        elements = prod(self.x) // len(self.parts)
        return cut(self.y[2], -(-elements // TILE_ELEMENTS))

    @cached_property
    def part(self) -> Shape:
        """Of the image, of the largest part: channels, rows, columns, samples."""
        n_channels = max(channels.stop - channels.start for channels, _ in self.parts)
        n_columns = max(columns.stop - columns.start for _, columns in self.parts)
        return (n_channels, self.x[2], n_columns, self.x[0])

    def tile(self, *, wide: bool) -> Shape:
        """Of the largest tile; ``wide``: with the image's columns, not the output's."""
        n_channels, _, n_columns, n = self.part
        n_rows = max(stop - start for start, stop in self.rows)
        narrow = wide or self.axes[1].trivial
        return (n_channels, n_rows, n_columns if narrow else self.y[3], n)

    def inline(self, cost: int) -> bool:
        """Whether a pass of that cost is too small to be shared out."""
        return prod(self.x) * cost < INLINE_ELEMENTS

    def n_slots(self, cost: int, n_threads: int) -> int:
        """How many threads at most work at once."""
        return 1 if self.inline(cost) else min(n_threads, len(self.parts))

    @cached_property
    def disjoint(self) -> bool:
        """Whether no element is in two windows."""
        return all(axis.disjoint for axis in self.axes)

    @cached_property
    def tiles(self) -> bool:
        """Whether every element is in exactly one window."""
        return all(axis.tiles for axis in self.axes)


def pool2d_scratch(
    kind: PoolingKind, plan: PoolPlan, n_threads: int, *, backward: bool
) -> dict[str, ScratchDecl]:
    """The scratch that :func:`bind_pool2d` needs."""
    if plan.whole:
        most = max(c.stop - c.start for c in plan.channels)
        n_slots = min(plan.n_slots(REDUCE, n_threads), len(plan.channels))
        return whole_plane_scratch(kind, plan.x, most, n_slots, backward=backward)
    if kind == "Max" and backward:
        height, width = plan.axes
        x = (*plan.x[1:], plan.x[0])
        return max_pool_scratch(height, width, x, plan.part, plan.n_slots(SEARCH, n_threads))
    n_slots = plan.n_slots(REDUCE, n_threads)
    decls = {"wide": ScratchDecl((n_slots, *plan.tile(wide=True)))}
    if max(plan.window.kernel) > PLAIN:
        decls["group"] = ScratchDecl((n_slots, *plan.tile(wide=True)))
    if backward:
        decls["left"] = ScratchDecl((n_slots, *plan.tile(wide=False)))
    return decls


def bind_pool2d(
    pool: ThreadPool,
    plan: PoolPlan,
    kind: PoolingKind,
    divisor: Divisor,
    arrays: Sequence[Array | None],
    scratch: Mapping[str, Array],
) -> Op:
    """A pooling bound to its arrays.

    Args:
        pool: Runs the parts.
        plan: Of the same shapes.
        kind: Max or Mean.
        divisor: Of a mean.
        arrays: x, y, dx, dy; the diffs may be None.
        scratch: As :func:`pool2d_scratch` declares it.
    """
    parts: Sequence[_Searched | _Reduced | WholePlane]
    cost, scale = REDUCE, _scale(plan, divisor, arrays[0].dtype)  # type: ignore[union-attr]  # x
    if plan.whole:
        parts = [WholePlane(c, arrays, scratch, kind, scale) for c in plan.channels]
    elif "larger" in scratch:  # planned for a max pooling that goes backward
        cost, parts = SEARCH, [_Searched(plan, part, arrays, scratch) for part in plan.parts]
    else:
        parts = [_Reduced(plan, part, arrays, scratch, kind, scale) for part in plan.parts]
    slots, inline = range(plan.n_slots(cost, pool.n_threads)), plan.inline(cost)
    forward = [[list(part.forward(slot)) for slot in slots] for part in parts]
    backward = []
    if arrays[2] is not None:
        backward = [[list(part.backward(slot)) for slot in slots] for part in parts]
    return Op(pool.bind(forward, inline=inline), pool.bind(backward, inline=inline))


class _PoolPart:
    """Some channels and columns of a pooling, and the calls on them."""

    def __init__(
        self,
        plan: PoolPlan,
        part: tuple[slice, slice],
        arrays: Sequence[Array | None],
        scratch: Mapping[str, Array],
    ) -> None:
        self.plan, self.scratch = plan, scratch
        self.height, self.width = plan.axes
        self.channels, columns = part
        self.columns = columns if self.width.trivial else slice(None)
        parts = [None if a is None else self.cut(storage(a)) for a in arrays]
        self.x, self.y, self.dx, self.dy = cast("list[Any]", parts)

    def cut(self, array: Array) -> Array:
        """The part of an array in batch-last order."""
        return array[self.channels, :, self.columns]


class _Searched(_PoolPart):
    """A part of a max pooling that goes backward."""

    def max_part(self, slot: int) -> MaxPart:
        """The part, bound to the slot's scratch."""
        scratch = {
            name: self.cut(array) if name.endswith("winners") else array[slot]
            for name, array in self.scratch.items()
        }
        return MaxPart(self.height, self.width, self.x, self.y, scratch)

    def forward(self, slot: int) -> Iterator[Call]:
        """The maxima, and which elements they are."""
        return self.max_part(slot).forward()

    def backward(self, slot: int) -> Iterator[Call]:
        """The gradient of the maxima."""
        return self.max_part(slot).backward(self.dx, self.dy)


class _Reduced(_PoolPart):
    """A part of a mean pooling, or of a max pooling that only goes forward."""

    def __init__(
        self,
        plan: PoolPlan,
        part: tuple[slice, slice],
        arrays: Sequence[Array | None],
        scratch: Mapping[str, Array],
        kind: PoolingKind,
        scale: Array,
    ) -> None:
        super().__init__(plan, part, arrays, scratch)
        self.kind = kind
        self.scale = scale[:, self.columns] if scale.ndim else scale

    def slot_scratch(self, name: str, slot: int, *like: int) -> Array:
        """The slot's scratch of that name, cut to channels, rows and columns."""
        n_channels, n_rows, n_columns = like
        return self.scratch[name][slot, :n_channels, :n_rows, :n_columns]

    # --- forward ------------------------------------------------------------------------

    def forward(self, slot: int) -> Iterator[Call]:
        """The maxima or means."""
        for start, stop in self.plan.rows:
            if self.kind == "Max":
                yield from self.reduce(np.maximum, -np.inf, start, stop, slot)
            else:
                yield from self.reduce(np.add, 0, start, stop, slot)
                y = self.y[:, start:stop]
                yield partial(np.multiply, y, self.scale_of(start, stop), y)

    def reduce(
        self, function: np.ufunc, identity: float, start: int, stop: int, slot: int
    ) -> Iterator[Call]:
        """Reduce the windows of some output rows, first along the height."""
        x, y = self.x, self.y[:, start:stop]
        if self.height.trivial:
            wide = x[:, start:stop]
        else:
            wide = (
                y
                if self.width.trivial
                else self.slot_scratch("wide", slot, *y.shape[:2], x.shape[2])
            )
            pairs = [
                (x[:, t.image], (slice(None), t.windows)) for t in self.height.taps(start, stop)
            ]
            yield from self.combine(function, identity, pairs, wide, slot)
        if self.height.trivial or not self.width.trivial:
            every = slice(None), slice(None)
            across = [(wide[:, :, t.image], (*every, t.windows)) for t in self.width.taps()]
            yield from self.combine(function, identity, across, y, slot)

    def combine(
        self, function: np.ufunc, identity: float, pairs: Sequence[Tapped], whole: Array, slot: int
    ) -> Iterator[Call]:
        """Reduce the taps into ``whole``: a few one by one, many in groups that are then reduced.

        So no more numbers are added one after another than rounding allows.
        """
        if len(pairs) <= PLAIN:
            yield from _combine(function, identity, pairs, whole)
            return
        group = self.slot_scratch("group", slot, *whole.shape[:3])
        yield partial(whole.fill, identity)
        for begin, end in cut(len(pairs), isqrt(len(pairs))):
            yield from _combine(function, identity, pairs[begin:end], group)
            yield partial(function, whole, group, out=whole)

    def scale_of(self, start: int, stop: int) -> Array:
        """One over the divisor of some output rows."""
        return self.scale[start:stop] if self.scale.ndim else self.scale

    # --- backward -----------------------------------------------------------------------

    def backward(self, slot: int) -> Iterator[Call]:
        """The gradient of the means: along the width, then along the height."""
        yield from self.clear(self.dx)
        for start, stop in self.plan.rows:
            dy = self.dy[:, start:stop]
            left = self.slot_scratch("left", slot, *dy.shape[:3])
            yield partial(np.multiply, dy, self.scale_of(start, stop), left)
            wide = left
            if not self.width.trivial:
                wide = self.slot_scratch("wide", slot, *dy.shape[:2], self.dx.shape[2])
                yield from self.clear(wide)
                for tap in self.width.taps():
                    yield self.give(left[:, :, tap.windows], wide[:, :, tap.image])
            for tap in self.height.taps(start, stop):
                yield self.give(wide[:, tap.windows], self.dx[:, tap.image])

    def clear(self, dx: Array) -> Iterator[Call]:
        """Zeros where :meth:`give` adds, or does not reach."""
        if not self.plan.tiles:
            yield partial(dx.fill, 0)

    def give(self, share: Array, dx: Array) -> Call:
        """Pass a part of the gradient on."""
        if self.plan.disjoint:
            return partial(np.copyto, dx, share)
        return partial(np.add, dx, share, dx)


def _combine(
    function: np.ufunc, start_value: float, pairs: Sequence[Tapped], whole: Array
) -> Iterator[Call]:
    """Reduce the sources into ``whole``, each over the part of it that it is paired with."""
    targets = [(source, whole[part]) for source, part in pairs]
    full = [source for source, target in targets if target.shape == whole.shape]
    partly = [(source, target) for source, target in targets if target.shape != whole.shape]
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
