"""Max and mean pooling on batch-last storage, bound call by call.

Both are separable: first along the height, whose slices are long contiguous runs, then along the
width. A max pooling that will go backward goes another way, in ``max_pool``; one window over the
whole plane a third, in ``whole_plane``. Few samples are pooled in another order, in ``turned``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import isqrt, prod
from typing import Any, TypeAlias, cast

import numpy as np

from graphnet.backend.base import Divisor, PoolingKind, ScratchDecl
from graphnet.backend.calls import Call, Op, cut
from graphnet.backend.numpy.pooling.max_pool import MaxPart, max_pool_scratch
from graphnet.backend.numpy.pooling.pool_plan import REDUCE, SEARCH, PoolPlan
from graphnet.backend.numpy.pooling.turned import PooledPart, Turned, turned_scratch
from graphnet.backend.numpy.pooling.whole_plane import WholePlane, whole_plane_scratch
from graphnet.backend.numpy.sums import PLAIN
from graphnet.backend.numpy.threads import ThreadPool
from graphnet.blob import Array, Shape, storage

#: What a tap of the windows meets, and the windows, as a part of an array.
Tapped: TypeAlias = tuple[Array, tuple[slice, ...]]


def pool2d_scratch(
    kind: PoolingKind, plan: PoolPlan, n_threads: int, *, backward: bool
) -> dict[str, ScratchDecl]:
    """The scratch that :func:`bind_pool2d` needs."""
    if plan.whole:
        most = max(c.stop - c.start for c in plan.channels)
        n_slots = min(plan.n_slots(REDUCE, n_threads), len(plan.channels))
        return whole_plane_scratch(kind, plan.x, most, n_slots, backward=backward)
    searched = kind == "Max" and backward
    n_slots = plan.n_slots(SEARCH if searched else REDUCE, n_threads)
    largest = plan.of_channels(max(plan.channels, key=lambda c: c.stop - c.start))
    decls = {}
    if searched:
        height, width = plan.axes
        decls = max_pool_scratch(height, width, (*plan.x[1:], plan.x[0]), plan.part, n_slots)
    else:
        tiles = _tiles(largest if plan.turned else plan, backward=backward)
        for name, tile in tiles.items():
            shape = (n_slots, prod(tile)) if plan.turned else (n_slots, *tile)
            decls[name] = ScratchDecl(shape)
    return decls | turned_scratch(largest.x, largest.y, n_slots) if plan.turned else decls


def _tiles(plan: PoolPlan, *, backward: bool) -> dict[str, Shape]:
    """The shapes of what :class:`_Reduced` works in."""
    tiles = {"wide": plan.tile(wide=True)}
    if max(plan.window.kernel) > PLAIN:
        tiles["group"] = plan.tile(wide=True)
    if backward:
        tiles["left"] = plan.tile(wide=False)
    return tiles


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
    parts: Sequence[PooledPart]
    cost, scale = REDUCE, _scale(plan, divisor, arrays[0].dtype)  # type: ignore[union-attr]  # x
    if plan.whole:
        parts = [WholePlane(c, arrays, scratch, kind, scale) for c in plan.channels]
    else:
        searched = "larger" in scratch  # planned for a max pooling that goes backward
        cost = SEARCH if searched else REDUCE

        def make(
            plan: PoolPlan,
            part: tuple[slice, slice],
            arrays: Sequence[Array | None],
            scratch: Mapping[str, Array],
        ) -> PooledPart:
            if searched:
                return _Searched(plan, part, arrays, scratch)
            return _Reduced(plan, part, arrays, scratch, kind, scale)

        if plan.turned:
            parts = [_turned(plan, c, arrays, scratch, make) for c in plan.channels]
        else:
            parts = [make(plan, part, arrays, scratch) for part in plan.parts]
    slots, inline = range(plan.n_slots(cost, pool.n_threads)), plan.inline(cost)
    forward = [[list(part.forward(slot)) for slot in slots] for part in parts]
    backward = []
    if arrays[2] is not None:
        backward = [[list(part.backward(slot)) for slot in slots] for part in parts]
    return Op(pool.bind(forward, inline=inline), pool.bind(backward, inline=inline))


def _turned(
    plan: PoolPlan,
    channels: slice,
    arrays: Sequence[Array | None],
    scratch: Mapping[str, Array],
    make: Callable[..., PooledPart],
) -> Turned:
    """Some channels that are pooled as if they were samples."""
    inner = plan.of_channels(channels)
    shapes = {} if "larger" in scratch else _tiles(inner, backward="left" in scratch)
    return Turned(channels, arrays, scratch, partial(make, inner, inner.parts[0]), shapes)


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
