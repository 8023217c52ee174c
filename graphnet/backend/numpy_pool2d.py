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

#: Below this many elements of the image, times its work, a pass is not worth waking a thread.
INLINE_ELEMENTS = 2**19
#: The work of the passes, compared with each other.
FORWARD, BACKWARD = 1, {"Max": 4, "Mean": 1}
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
    def parts(self) -> list[tuple[slice, slice]]:
        """Runs of channels, and of columns where those are independent too; no two meet."""
        least = -(-prod(self.x) // TILE_ELEMENTS)
        channels = cut(self.x[1], max(N_UNITS, least))
        columns = [(0, self.x[3])]
        if self.axes[1].trivial:
            columns = cut(self.x[3], -(-max(N_UNITS, least) // len(channels)))
        return [(slice(*a), slice(*b)) for a in channels for b in columns]

    @cached_property
    def rows(self) -> list[tuple[int, int]]:
        """Runs of output rows to be worked on one after another."""
        elements = prod(self.x) // len(self.parts)
        return cut(self.y[2], -(-elements // TILE_ELEMENTS))

    def tile(self, *, wide: bool) -> Shape:
        """Of the largest tile; ``wide``: with the image's columns, not the output's."""
        n_channels = max(channels.stop - channels.start for channels, _ in self.parts)
        n_columns = max(columns.stop - columns.start for _, columns in self.parts)
        n_rows = max(stop - start for start, stop in self.rows)
        narrow = wide or self.axes[1].trivial
        return (n_channels, n_rows, n_columns if narrow else self.y[3], self.x[0])

    def inline(self, work: int) -> bool:
        """Whether a pass of so much work is too small to be shared out."""
        return prod(self.x) * work < INLINE_ELEMENTS

    def n_slots(self, kind: PoolingKind, n_threads: int) -> int:
        """How many threads at most work at once."""
        return 1 if self.inline(max(FORWARD, BACKWARD[kind])) else min(n_threads, len(self.parts))

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
    n_slots = plan.n_slots(kind, n_threads)
    narrow, wide = ((n_slots, *plan.tile(wide=wide)) for wide in (False, True))
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
        scale = _scale(plan, divisor, arrays[0].dtype)  # type: ignore[union-attr]  # x is there
        parts = [_Part(plan, part, arrays, scratch, scale) for part in plan.parts]
        forward, backward = (
            (_Part.max, _Part.send_max) if kind == "Max" else (_Part.mean, _Part.send_mean)
        )

        def bound(calls: Callable[[_Part, int], Iterator[Call]], work: int) -> Call:
            slots = range(plan.n_slots(kind, pool.n_threads))
            tasks = [[list(calls(part, slot)) for slot in slots] for part in parts]
            return pool.bind(tasks, inline=plan.inline(work))

        self.forward = bound(forward, FORWARD)
        self.backward = in_turn([]) if arrays[2] is None else bound(backward, BACKWARD[kind])


class _Part:
    """Some channels and columns of a pooling, and the calls on them."""

    def __init__(
        self,
        plan: PoolPlan,
        part: tuple[slice, slice],
        arrays: Sequence[Array | None],
        scratch: Mapping[str, Array],
        scale: Array,
    ) -> None:
        channels, columns = part
        self.plan, self.scratch = plan, scratch
        self.height, self.width = plan.axes
        across = columns if self.width.trivial else slice(None)
        self.scale = scale[:, across] if scale.ndim else scale
        self.x: Array
        self.y: Array
        self.dx: Array
        self.dy: Array
        self.x, self.y, self.dx, self.dy = (
            None if a is None else storage(a)[channels, :, across] for a in arrays
        )

    def room(self, name: str, slot: int, *like: int) -> Array:
        """The slot's scratch of that name, cut to channels, rows and columns."""
        n_channels, n_rows, n_columns = like
        return self.scratch[name][slot, :n_channels, :n_rows, :n_columns]

    # --- forward ------------------------------------------------------------------------

    def max(self, slot: int) -> Iterator[Call]:
        """The maxima."""
        for start, stop in self.plan.rows:
            yield from self.reduce(np.maximum, -np.inf, start, stop, slot)

    def mean(self, slot: int) -> Iterator[Call]:
        """The means."""
        for start, stop in self.plan.rows:
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
            wide = y if self.width.trivial else self.room("wide", slot, *y.shape[:2], x.shape[2])
            pairs = [(x[:, t.image], wide[:, t.windows]) for t in self.height.taps(start, stop)]
            yield from _combine(function, identity, pairs, wide)
        if self.height.trivial or not self.width.trivial:
            pairs = [(wide[:, :, t.image], y[:, :, t.windows]) for t in self.width.taps()]
            yield from _combine(function, identity, pairs, y)

    def scale_of(self, start: int, stop: int) -> Array:
        """One over the divisor of some output rows."""
        return self.scale[start:stop] if self.scale.ndim else self.scale

    # --- backward -----------------------------------------------------------------------

    def send_max(self, slot: int) -> Iterator[Call]:
        """The gradient of the maxima."""
        bits = np.dtype(f"u{self.x.itemsize}")
        yield from self.clear(self.dx)
        for start, stop in self.plan.rows:
            y, dy = self.y[:, start:stop], self.dy[:, start:stop]
            left, mask, taken = (
                self.room(name, slot, *y.shape[:3]) for name in ("left", "mask", "taken")
            )
            yield partial(np.copyto, left, dy)
            taps = list(product(self.height.taps(start, stop), self.width.taps()))
            for down, right in taps:
                windows = (slice(None), down.windows, right.windows)
                image = (slice(None), down.image, right.image)
                if (down, right) == taps[-1] and self.plan.unclipped:
                    yield self.give(left, self.dx[image])
                    break
                yield partial(np.equal, self.x[image], y[windows], mask[windows])
                rest, share = left[windows].view(bits), taken[windows].view(bits)
                yield partial(np.multiply, rest, mask[windows], share)
                yield partial(np.bitwise_xor, rest, share, rest)
                yield self.give(taken[windows], self.dx[image])

    def send_mean(self, slot: int) -> Iterator[Call]:
        """The gradient of the means: along the width, then along the height."""
        yield from self.clear(self.dx)
        for start, stop in self.plan.rows:
            dy = self.dy[:, start:stop]
            left = self.room("left", slot, *dy.shape[:3])
            yield partial(np.multiply, dy, self.scale_of(start, stop), left)
            wide = left
            if not self.width.trivial:
                wide = self.room("wide", slot, *dy.shape[:2], self.dx.shape[2])
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
