"""The CuPy backend: batch-first storage on the GPU, cuBLAS, and kernels of our own.

Only ``upload``, ``download`` and the transfers of batches move anything between host and device.
Everything runs on CuPy's current stream, and no kernel adds up in an order that could differ from
run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from math import prod
from typing import Any, cast

import numpy as np

from graphnet.backend.base import (
    Backend,
    ConvArrays,
    Divisor,
    InnerProductArrays,
    PoolingKind,
    ScratchDecl,
)
from graphnet.backend.calls import Call, Op
from graphnet.backend.cupy.conv2d import ConvShapes, bind_conv2d, conv2d_scratch
from graphnet.backend.cupy.cudnn import Cudnn
from graphnet.backend.cupy.cudnn_conv2d import bind_cudnn_conv2d, chosen_cudnn, cudnn_scratch
from graphnet.backend.cupy.half import HalfProducts
from graphnet.backend.cupy.inner_product import bind_inner_product
from graphnet.backend.cupy.kernels import THREADS, Kernels, blocks_for, check_countable
from graphnet.backend.cupy.measures import DeviceExpectation, DeviceSums, ProductSum
from graphnet.backend.cupy.pool2d import bind_pool2d, pool2d_scratch
from graphnet.backend.cupy.staging import DeviceStaging
from graphnet.backend.measures import Expectation, Number, Refuse, Sums
from graphnet.backend.precision import Precision
from graphnet.backend.rectifier import cut_off
from graphnet.backend.staging import Staging, on_host
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape
from graphnet.control_groups import FreeMemory

_WORD = 2**64


class CupyBackend(Backend):
    """Blobs seen as ``(N, …)`` are stored so, on the current device.

    Args:
        cp: The array module, CuPy or what behaves alike; None imports CuPy.
        cudnn: What computes convolutions instead of cuBLAS and our own kernels. Default: as the
            environment variable GRAPHNET_CONV says: ``gemm`` (none, the default), ``cudnn`` or
            ``auto``.
        precision: To what operands are rounded; with 16 bits cuBLAS computes convolutions, too.

    Raises:
        BackendError: If GRAPHNET_CONV is ``cudnn`` and that cannot be loaded, or operands are to
            be rounded.
    """

    name = "cupy"
    most_strips = 1

    def __init__(
        self, cp: Any = None, cudnn: Cudnn | None = None, precision: Precision = "float32"
    ) -> None:
        if cp is None:
            import cupy

            cp = cupy
        self.xp, self.cudnn = cp, cudnn or chosen_cudnn(precision)
        self.precision = precision
        self._half = None if precision == "float32" else HalfProducts(cp, precision)
        self._bind = Kernels(cp).bind
        self._products = ProductSum(cp)

    # --- memory -------------------------------------------------------------------------

    def arena(self, n_bytes: int) -> Array:
        arena: Array = self.xp.empty(n_bytes, np.uint8)  # CuPy aligns to 512 bytes
        return arena

    def place(
        self, arena: Array, offset: int, shape: Shape, dtype: np.dtype, *, blob: bool
    ) -> Array:
        dtype = np.dtype(dtype)
        flat = arena[offset : offset + prod(shape) * dtype.itemsize]
        return flat.view(dtype).reshape(shape)

    def free_memory(self) -> FreeMemory:
        pool = self.xp.get_default_memory_pool()
        free, _ = self.xp.cuda.runtime.memGetInfo()
        held = pool.total_bytes() - pool.used_bytes()
        return FreeMemory(int(free) + int(held), "free on the device")

    def upload(self, host: np.ndarray, out: Array) -> None:
        cast("Any", out).set(host)

    def download(self, array: Array) -> np.ndarray:
        return np.ascontiguousarray(cast("Any", array).get())

    def synchronize(self) -> None:
        self.xp.cuda.get_current_stream().synchronize()

    def staging(self, targets: Sequence[Array]) -> Staging:
        return DeviceStaging(self.xp, self._copies, targets)

    @cached_property
    def _copies(self) -> Any:
        """The stream that copies batches."""
        return self.xp.cuda.Stream(non_blocking=True)

    def host_side(self, array: Array) -> Array:
        return on_host(array)

    # --- element-wise work --------------------------------------------------------------

    def parts_at_once(self, n: int, size: int) -> int:
        return n  # a kernel runs over whole arrays: there is nothing to be won by cutting them

    def elementwise(
        self, function: Callable[..., None], *arrays: Array, scratch: Array | None = None
    ) -> Callable[[], None]:
        if len({array.shape for array in arrays}) > 1:
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(f"element-wise functions need arrays of one shape, not {shapes}")
        xp = np if isinstance(arrays[0], np.ndarray) else self.xp
        return partial(function, xp, *arrays, *(() if scratch is None else scratch))

    def gather(self, flat: Array, index: Array, out: Array) -> None:
        arguments = (flat, index, out, np.int64(index.size))
        self._bind("gather.gather", out.dtype, (blocks_for(index.size), 1), arguments)()

    def scatter(self, flat: Array, index: Array, values: Array) -> None:
        arguments = (flat, index, values, np.int64(index.size))
        self._bind("gather.scatter", flat.dtype, (blocks_for(index.size), 1), arguments)()

    def add_rows(self, flat: Array, place: Array, values: Array, width: int) -> None:
        flat.fill(0)
        n = values.size // width
        blocks, arguments = (n, -(-width // THREADS)), (flat, place, values, n, width)
        self._bind("gather.add_rows", flat.dtype, blocks, arguments)()

    # --- sums ---------------------------------------------------------------------------
    #
    # All in float64, whatever the arrays hold: sums take as long as reading the memory does.

    def axes_sum(self, array: Array, axes: Sequence[int], out: Array) -> Callable[[], Any]:
        axes = tuple(axes)
        kept = tuple(1 if i in axes else n for i, n in enumerate(array.shape))
        to = out.reshape(kept)
        return partial(array.sum, axis=axes, dtype=np.float64, out=to, keepdims=True)

    def total(self, flat: Array) -> Number:
        return flat.sum(dtype=np.float64)

    def product_total(self, a: Array, b: Array) -> Number:
        return self._products(a, b)

    def channel_products(self, a: Array, b: Array, out: Array) -> None:
        n, channels, area = a.shape[0], a.shape[1], prod(a.shape[2:])
        arguments = (a, b, out, n, channels, area)
        self._bind("sums.channel_products", a.dtype, (channels, 1), arguments)()

    # --- what is measured ---------------------------------------------------------------

    def number(self, array: Array) -> Number:
        return array.astype(np.float64, copy=False)

    def square_sum(self, flat: Array) -> Number:
        return self._products(flat, flat)

    def clip_factor(self, norm: Number, most: float) -> Number:
        xp = self.xp
        is_large = xp.logical_and(xp.isfinite(norm), norm > most)
        return xp.where(is_large, most / norm, 1.0)

    def ratio(self, a: Number, b: Number) -> Number:
        xp = self.xp
        return xp.where(xp.logical_and(a != 0, b != 0), a / b, 1.0)

    def sums(self, n: int) -> Sums:
        return DeviceSums(self.xp, n)

    def expectation(self, flags: Array, values: Array, refuse: Refuse) -> Expectation:
        return DeviceExpectation(self.xp, flags, values, refuse)

    # --- the heavy operations -----------------------------------------------------------

    def product(
        self, left: Array, right: Array, out: Array, *, whole: bool = False, is_sum: bool = False
    ) -> Call:
        if self._half is not None and not is_sum:
            return self._half.bind(left, right, out)
        return super().product(left, right, out)

    def dot(self, left: Array, right: Array, out: Array) -> Call:
        """Bind ``out = left @ right``, of matrices; ``out`` in C order."""
        if self._half is not None:
            return self._half.bind(left, right, out)
        return partial(self.xp.dot, left, right, out)

    def inner_product(
        self, arrays: InnerProductArrays, scratch: Mapping[str, Array] | None = None
    ) -> Op:
        return bind_inner_product(self.xp, arrays, self.dot)

    def conv2d_scratch(
        self, window: Window, n_group: int, x: Shape, filter_: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        if self.cudnn is not None:
            return cudnn_scratch()
        shapes = ConvShapes(window, n_group, x, filter_)
        check_countable(x, (x[0], filter_[0], *shapes.out))
        return conv2d_scratch(shapes, backward=backward)

    def conv2d(
        self, window: Window, n_group: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> Op:
        shapes = ConvShapes(window, n_group, arrays.x.shape, arrays.filter.shape)
        if self.cudnn is not None:
            op = bind_cudnn_conv2d(self.xp, self.cudnn, shapes, arrays, scratch)
        else:
            op = bind_conv2d(self.xp, shapes, arrays, scratch, self.dot)
        return cut_off(op, arrays.bound, arrays.y, self)

    def pool2d_scratch(
        self, kind: PoolingKind, window: Window, x: Shape, y: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        check_countable(x, y)
        return pool2d_scratch(kind, y, backward=backward)

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
        return bind_pool2d(self.xp, kind, window, divisor, (x, y, dx, dy), scratch)

    # --- randomness ---------------------------------------------------------------------

    def fill_uniform(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        self._fill("fill_uniform", 32 // out.itemsize, key, iteration, first_sample, out)

    def fill_normal(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        self._fill("fill_normal", 4, key, iteration, first_sample, out)

    def _fill(
        self, kernel: str, per_block: int, key: int, iteration: int, first_sample: int, out: Array
    ) -> None:
        """Launch a kernel whose threads each write ``per_block`` numbers of one sample."""
        n, size = out.shape[0], prod(out.shape[1:])
        words = (np.uint64(w % _WORD) for w in (key, key // _WORD, iteration, first_sample))
        blocks = (blocks_for(-(-size // per_block)), n)
        self._bind(f"philox.{kernel}", out.dtype, blocks, (out, *words, n, size))()
