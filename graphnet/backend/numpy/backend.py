"""The NumPy backend: batch-last storage, and plain NumPy calls shared out to a few threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isfinite, prod
from typing import Any

import numpy as np

from graphnet.backend.base import (
    Backend,
    ConvArrays,
    Divisor,
    InnerProductArrays,
    PoolingKind,
    ScratchDecl,
)
from graphnet.backend.calls import Call, Op, cut
from graphnet.backend.measures import (
    Expectation,
    HostExpectation,
    HostSums,
    Number,
    Refuse,
    Sums,
)
from graphnet.backend.numpy.axis import bind_max
from graphnet.backend.numpy.convolution.conv2d import (
    ByProducts,
    bind_conv2d,
    conv2d_scratch,
    plan_conv2d,
)
from graphnet.backend.numpy.elementwise import bind_elementwise, scratch_shape
from graphnet.backend.numpy.inner_product import bind_inner_product
from graphnet.backend.numpy.limits import Limits, limits
from graphnet.backend.numpy.pooling.pool2d import bind_pool2d, pool2d_scratch
from graphnet.backend.numpy.pooling.pool_plan import PoolPlan
from graphnet.backend.numpy.positionwise import (
    bind_positionwise,
    is_flat,
    positionwise_scratch,
)
from graphnet.backend.numpy.products import in_pieces
from graphnet.backend.numpy.repeated import bind_repeated
from graphnet.backend.numpy.scratch import aligned, from_line
from graphnet.backend.numpy.sums import (
    ONES,
    SCRATCH_ELEMENTS,
    ThreadScratch,
    add_products,
    bind_moments,
    bind_sum,
)
from graphnet.backend.numpy.threads import ThreadPool
from graphnet.backend.processors import n_processors
from graphnet.backend.rectifier import cut_off, without_axes
from graphnet.backend.staging import HostStaging, Staging
from graphnet.backend.window import Window
from graphnet.blob import ALIGNMENT, Array, Shape, columns, rows
from graphnet.random import samples as philox

#: Parts in which random numbers are drawn, and the fewest numbers that are worth waking a thread.
N_PARTS, INLINE_ELEMENTS = 4, 2**16


class NumpyBackend(Backend):
    """Blobs seen as ``(N, …)`` are stored ``(…, N)``.

    Args:
        threads: How many threads compute, at least 1; None: one per processor this process may
            use. Results are the same for any number, and so is all memory except scratch.

    Attributes:
        threads: How many threads compute.
        pool: The threads.
    """

    name = "numpy"
    xp = np

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or n_processors()
        self.pool = ThreadPool(self.threads)
        self._draw_scratch, self._sum_scratch = _DrawScratch(), ThreadScratch()
        self._limits = limits()

    def computing(self) -> Limits:
        return self._limits

    def arena(self, n_bytes: int) -> Array:
        return from_line(np.empty(n_bytes + ALIGNMENT, np.uint8))

    def zeros(self, shape: Shape, dtype: np.dtype) -> Array:
        return aligned(shape, dtype)

    def place(
        self, arena: Array, offset: int, shape: Shape, dtype: np.dtype, *, blob: bool
    ) -> Array:
        dtype = np.dtype(dtype)
        flat = arena[offset : offset + prod(shape) * dtype.itemsize].view(dtype)
        if not blob or len(shape) < 2:  # noqa: PLR2004  one axis has one order
            return flat.reshape(shape)
        n_axes = len(shape)
        return flat.reshape((*shape[1:], shape[0])).transpose(n_axes - 1, *range(n_axes - 1))

    def note_rows(self, flags: Array, found: list[bool]) -> list[Call]:
        def note() -> None:
            of_rows: Any = flags.any(axis=1)
            found[:] = of_rows.tolist()

        return [note]

    def operand(self, value: float, dtype: np.dtype) -> np.ndarray:
        return without_axes(value, np.dtype(dtype))

    def refilled(self, held: np.ndarray | None, value: float, dtype: np.dtype) -> np.ndarray:
        if held is None:
            return np.array(value, dtype)
        held[...] = value
        return held

    def upload(self, host: np.ndarray, out: Array) -> None:
        np.copyto(out, host, casting="no")

    def download(self, array: Array) -> np.ndarray:
        return np.array(array, order="C")

    def synchronize(self) -> None:
        """Nothing: a call that has come back is done."""

    def staging(self, targets: Sequence[Array]) -> Staging:
        return HostStaging(targets)

    def elementwise(
        self, function: Callable[..., None], *arrays: Array, scratch: Array | None = None
    ) -> Callable[[], None]:
        return bind_elementwise(self.pool, function, arrays, scratch)

    def elementwise_scratch(self, shape: Shape, n: int) -> ScratchDecl:
        return ScratchDecl(scratch_shape(prod(shape), n, self.pool.n_threads))

    def repeated(self, function: Any, a: Array, b: Array, out: Array) -> Call:
        return bind_repeated(self._sum_scratch, function, a, b, out)

    def concurrently(self, calls: Sequence[Callable[[], None]]) -> Callable[[], None]:
        return self.pool.bind([self.pool.task(call) for call in calls], inline=False)

    def gather(self, flat: Array, index: Array, out: Array) -> None:
        flat.take(index, 0, out, "clip")  # "raise" would go through a copy

    def scatter(self, flat: Array, index: Array, values: Array) -> None:
        flat[index] = values

    def add_rows(self, flat: Array, place: Array, values: Array, width: int) -> None:
        flat.fill(0)
        np.add.at(flat, place, values)

    def axes_sum(self, array: Array, axes: Sequence[int], out: Array) -> Call:
        return bind_sum(self._sum_scratch, array, axes, out)

    def total(self, flat: Array) -> Number:
        return float(np.add.reduce(flat))  # which NumPy adds pairwise

    def product_total(self, a: Array, b: Array) -> Number:
        if a.size <= ONES:
            return float(a.dot(b))
        wide = self._sum_scratch.wide[:1]
        add_products(self._sum_scratch, a[np.newaxis], b[np.newaxis], wide)
        return float(wide[0])

    def channel_products(self, a: Array, b: Array, out: Array) -> None:
        a, b = (columns(array).reshape(array.shape[1], -1) for array in (a, b))
        add_products(self._sum_scratch, a, b, out)

    def moments(self, x: Array, mean: Array, variance: Array) -> Callable[[], bool]:
        matrix = columns(x).reshape(x.shape[1], -1)
        return bind_moments(self._sum_scratch, matrix, mean, variance)

    def axis_max(self, array: Array, axis: int, out: Array, scratch: Array) -> Call:
        return bind_max(array, axis, out, scratch)

    def number(self, array: Array) -> Number:
        return float(array)

    def square_sum(self, flat: Array) -> Number:
        total = 0.0
        for start in range(0, flat.size, SCRATCH_ELEMENTS):
            part = flat[start : start + SCRATCH_ELEMENTS]
            wide = self._sum_scratch.of(np.dtype(np.float64), part.size)
            wide[...] = part
            total += float(np.dot(wide, wide))
        return total

    def clip_factor(self, norm: Number, most: float) -> Number:
        return most / norm if isfinite(norm) and norm > most else 1.0

    def ratio(self, a: Number, b: Number) -> Number:
        return a / b if a and b else 1.0

    def sums(self, n: int) -> Sums:
        return HostSums(n)

    def expectation(self, flags: Array, values: Array, refuse: Refuse) -> Expectation:
        return HostExpectation(flags, values, refuse)

    def product(self, left: Array, right: Array, out: Array, *, whole: bool = False) -> Call:
        return partial(np.matmul, left, right, out) if whole else in_pieces(left, right, out)

    def inner_product_scratch(
        self, x: Shape, weight: Shape, y: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        if not backward or is_flat(y):
            return {}
        return positionwise_scratch(weight, y, self.pool.n_threads)

    def inner_product(
        self, arrays: InnerProductArrays, scratch: Mapping[str, Array] | None = None
    ) -> Op:
        if is_flat(arrays.y.shape):
            return bind_inner_product(self.pool, arrays)
        return bind_positionwise(self.pool, arrays, scratch or {})

    def conv2d_scratch(
        self, window: Window, n_group: int, x: Shape, filter_: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        plan = plan_conv2d(window, n_group, x, filter_)
        return conv2d_scratch(plan, self.pool.n_threads, backward=backward)

    def conv2d(
        self, window: Window, n_group: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> Op:
        plan = plan_conv2d(window, n_group, arrays.x.shape, arrays.filter.shape)
        op = bind_conv2d(self.pool, plan, arrays, scratch)
        is_cut_off = isinstance(plan, ByProducts)  # unit by unit
        return op if is_cut_off else cut_off(op, arrays.bound, arrays.y, self)

    def pool2d_scratch(
        self, kind: PoolingKind, window: Window, x: Shape, y: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        plan = PoolPlan(window, x, y, kind)
        return pool2d_scratch(kind, plan, self.pool.n_threads, backward=backward)

    def pool2d(
        self,
        kind: PoolingKind,
        window: Window,
        divisor: Divisor,
        x: Array,
        y: Array,
        dx: Array | None,
        dy: Array | None,
        scratch: Mapping[str, Array],
    ) -> Op:
        plan = PoolPlan(window, x.shape, y.shape, kind)
        return bind_pool2d(self.pool, plan, kind, divisor, (x, y, dx, dy), scratch)

    def fill_uniform(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        self._fill(philox.fill_uniform, key, iteration, first_sample, out)

    def fill_mask(
        self, ratio: float, scale: float, key: int, iteration: int, first_sample: int, out: Array
    ) -> None:
        self._fill(partial(philox.fill_mask, ratio, scale), key, iteration, first_sample, out)

    def fill_normal(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        self._fill(philox.fill_normal, key, iteration, first_sample, out)

    def _fill(
        self, fill: Callable[..., None], key: int, iteration: int, first_sample: int, out: Array
    ) -> None:
        seen = rows(out) if out.ndim > 1 else out[:, None]
        parts = cut(len(seen), N_PARTS, multiple=philox.BLOCK_SAMPLES)
        tasks = [
            self.pool.task(
                partial(fill, key, iteration, first_sample + start, seen[start:stop], scratch)
            )
            for (start, stop), scratch in zip(parts, self._draw_scratch.of_parts, strict=False)
        ]
        self.pool.bind(tasks, inline=out.size < INLINE_ELEMENTS)()


class _DrawScratch(threading.local):
    """Scratch for each part in which random numbers are drawn, whichever helper draws it.

    Nets that share a backend may run in several threads, of which each has its own.
    """

    def __init__(self) -> None:
        self.of_parts = [philox.Scratch() for _ in range(N_PARTS)]
