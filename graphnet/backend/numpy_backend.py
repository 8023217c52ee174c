"""The NumPy backend: batch-last storage, and plain NumPy calls shared out to a few threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod

import numpy as np
from threadpoolctl import threadpool_limits

from graphnet.backend import philox
from graphnet.backend.base import (
    Backend,
    ConvArrays,
    Divisor,
    InnerProductArrays,
    Op,
    PoolingKind,
    ScratchDecl,
    Window,
)
from graphnet.backend.numpy_conv2d import Conv2d, conv2d_scratch
from graphnet.backend.numpy_conv2d_plan import ConvPlan
from graphnet.backend.numpy_elementwise import bind_elementwise
from graphnet.backend.numpy_inner_product import InnerProduct
from graphnet.backend.numpy_pool2d import Pool2d, PoolPlan, pool2d_scratch
from graphnet.backend.threads import BUFFERED_ELEMENTS, ThreadPool, cut
from graphnet.blob import Array, Shape, rows

#: Of every arena, in bytes: a cache line, and a vector register.
ALIGNMENT = 64
#: Parts that random numbers are drawn in, and the fewest that are worth waking a thread.
N_PARTS, INLINE_ELEMENTS = 4, 2**16


class NumpyBackend(Backend):
    """Blobs seen as ``(N, …)`` are stored ``(…, N)``.

    BLAS computes in one thread from then on, in the whole process: the threads are this
    backend's own, which may cut the work where it is best cut.

    Args:
        threads: How many compute, at least 1; None: one per processor this process may use.
            Results are the same for any number, and so is all memory but that of scratch.

    Attributes:
        threads: How many.
        pool: They themselves.
    """

    name = "numpy"
    xp = np

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or _n_processors()
        self.pool = ThreadPool(self.threads)
        threadpool_limits(1, user_api="blas")
        np.setbufsize(BUFFERED_ELEMENTS)

    def arena(self, n_bytes: int) -> Array:
        raw = np.empty(n_bytes + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        return raw[start : start + n_bytes]

    def place(
        self, arena: Array, offset: int, shape: Shape, dtype: np.dtype, *, blob: bool
    ) -> Array:
        dtype = np.dtype(dtype)
        flat = arena[offset : offset + prod(shape) * dtype.itemsize].view(dtype)
        if not blob or len(shape) < 2:  # noqa: PLR2004  one axis has one order
            return flat.reshape(shape)
        n_axes = len(shape)
        return flat.reshape((*shape[1:], shape[0])).transpose(n_axes - 1, *range(n_axes - 1))

    def upload(self, host: np.ndarray, out: Array) -> None:
        np.copyto(out, host, casting="no")

    def download(self, array: Array) -> np.ndarray:
        return np.array(array, order="C")

    def elementwise(self, function: Callable[..., None], *arrays: Array) -> Callable[[], None]:
        return bind_elementwise(self.pool, function, arrays)

    def concurrently(self, calls: Sequence[Callable[[], None]]) -> Callable[[], None]:
        return self.pool.bind([self.pool.task(call) for call in calls], inline=False)

    def inner_product(self, arrays: InnerProductArrays) -> Op:
        return InnerProduct(self.pool, arrays)

    def conv2d_scratch(
        self, window: Window, n_group: int, x: Shape, filter_: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        plan = ConvPlan(window, n_group, x, filter_)
        return conv2d_scratch(plan, self.pool.n_threads, backward=backward)

    def conv2d(
        self, window: Window, n_group: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> Op:
        plan = ConvPlan(window, n_group, arrays.x.shape, arrays.filter.shape)
        return Conv2d(self.pool, plan, arrays, scratch)

    def pool2d_scratch(
        self, kind: PoolingKind, window: Window, x: Shape, y: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        return pool2d_scratch(kind, PoolPlan(window, x, y), self.pool.n_threads, backward=backward)

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
        plan = PoolPlan(window, x.shape, y.shape)
        return Pool2d(self.pool, plan, kind, divisor, (x, y, dx, dy), scratch)

    def fill_uniform(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        self._fill(philox.fill_uniform, key, iteration, first_sample, out)

    def fill_normal(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        self._fill(philox.fill_normal, key, iteration, first_sample, out)

    def _fill(
        self, fill: Callable[..., None], key: int, iteration: int, first_sample: int, out: Array
    ) -> None:
        seen = rows(out) if out.ndim > 1 else out[:, None]
        parts = cut(len(seen), N_PARTS, multiple=philox.BLOCK_SAMPLES)
        tasks = [
            self.pool.task(partial(fill, key, iteration, first_sample + start, seen[start:stop]))
            for start, stop in parts
        ]
        self.pool.bind(tasks, inline=out.size < INLINE_ELEMENTS)()


def _n_processors() -> int:
    """Those this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
