"""The NumPy backend: batch-last storage, and plain NumPy calls in a few threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from math import prod

import numpy as np

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
from graphnet.blob import Array, Shape, columns, storage

ALIGNMENT = 64


class NumpyBackend(Backend):
    """Blobs seen as ``(N, …)`` are stored ``(…, N)``."""

    name = "numpy"
    xp = np

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or len(os.sched_getaffinity(0))

    def arena(self, n_bytes: int) -> Array:
        raw = np.empty(n_bytes + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        return raw[start : start + n_bytes]

    def place(
        self, arena: Array, offset: int, shape: Shape, dtype: np.dtype, *, blob: bool
    ) -> Array:
        dtype = np.dtype(dtype)
        flat = arena[offset : offset + prod(shape) * dtype.itemsize].view(dtype)
        if not blob or len(shape) < 2:
            return flat.reshape(shape)
        return flat.reshape((*shape[1:], shape[0])).transpose(
            (len(shape) - 1, *range(len(shape) - 1))
        )

    def upload(self, host: np.ndarray, out: Array) -> None:
        np.copyto(out, host, casting="no")

    def download(self, array: Array) -> np.ndarray:
        return np.array(array, order="C")

    def elementwise(self, function: Callable[..., None], *arrays: Array) -> Callable[[], None]:
        flat = [flattened(a) for a in arrays]
        return lambda: function(np, *flat)

    def inner_product(self, arrays: InnerProductArrays) -> Op:
        return _InnerProduct(arrays)

    def conv2d_scratch(
        self, window: Window, n_group: int, x: Shape, filter_: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        p, q = window.floor_size((x[2], x[3]))
        return {"col": ScratchDecl((x[1], *window.kernel, p, q, x[0]))}

    def conv2d(
        self, window: Window, n_group: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> Op:
        return _Conv(window, n_group, arrays, scratch["col"])

    def pool2d_scratch(
        self, kind: PoolingKind, window: Window, x: Shape, y: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        return {}

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
        return _Pool(kind, window, divisor, x, y, dx, dy)

    def fill_uniform(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        for i in range(out.shape[0]):
            n = prod(out.shape[1:])
            bits = np.random.Philox(key=key, counter=[0, first_sample + i, iteration, 0])
            if out.dtype == np.float32:
                w = bits.random_raw((n + 1) // 2).view(np.uint32)[:n]
                u = (w >> 8) * np.float32(2.0**-24)
            else:
                u = (bits.random_raw(n) >> 11) * 2.0**-53
            out[i] = u.astype(out.dtype).reshape(out.shape[1:])

    def fill_normal(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        for i in range(out.shape[0]):
            n = prod(out.shape[1:])
            bits = np.random.Philox(key=key, counter=[0, first_sample + i, iteration, 0])
            u = ((bits.random_raw((n + 1) // 2 * 2) >> 11) * 2.0**-53).reshape(-1, 2)
            r = np.sqrt(-2 * np.log1p(-u[:, 0]))
            z = np.stack([r * np.cos(2 * np.pi * u[:, 1]), r * np.sin(2 * np.pi * u[:, 1])], 1)
            out[i] = z.reshape(-1)[:n].astype(out.dtype).reshape(out.shape[1:])


def flattened(array: Array) -> Array:
    """The 1-D view of all elements in storage order."""
    if array.flags.c_contiguous:
        return array.reshape(-1)
    return columns(array).reshape(-1)


class _InnerProduct:
    def __init__(self, a: InnerProductArrays) -> None:
        self.a = a
        self.x, self.y = columns(a.x), columns(a.y)
        self.dx = None if a.dx is None else columns(a.dx)
        self.dy = None if a.dy is None else columns(a.dy)

    def forward(self) -> None:
        np.matmul(self.a.weight, self.x, out=self.y)
        if self.a.bias is not None:
            self.y += self.a.bias[:, None]

    def backward(self) -> None:
        if self.a.dweight is not None:
            np.matmul(self.dy, self.x.T, out=self.a.dweight)
        if self.a.dbias is not None:
            np.sum(self.dy, axis=1, out=self.a.dbias)
        if self.dx is not None:
            np.matmul(self.a.weight.T, self.dy, out=self.dx)


def clipped(n: int, out: int, k: int, stride: int, pad: int) -> tuple[slice, slice]:
    """Output indices that tap k reaches inside the image, and the inputs they read."""
    first = max(0, -((k - pad) // stride)) if k < pad else 0
    last = min(out, (n - 1 + pad - k) // stride + 1)
    last = max(last, first)
    start = first * stride + k - pad
    return slice(first, last), slice(
        start, start + max(0, (last - first - 1) * stride + 1) if last > first else start, stride
    )


class _Conv:
    def __init__(self, window: Window, n_group: int, a: ConvArrays, col: Array) -> None:
        self.a, self.g, self.col = a, n_group, col
        c, h, w, n = storage(a.x).shape
        k, p, q, _ = storage(a.y).shape
        kh, kw = window.kernel
        self.taps = []
        for r in range(kh):
            for s in range(kw):
                oh, ih = clipped(h, p, r * window.dilation[0], window.stride[0], window.pad[0])
                ow, iw = clipped(w, q, s * window.dilation[1], window.stride[1], window.pad[1])
                self.taps.append((col[:, r, s, oh, ow], (slice(None), ih, iw)))
        self.x, self.y = storage(a.x), storage(a.y).reshape(n_group, k // n_group, -1)
        self.colg = col.reshape(n_group, c // n_group * kh * kw, -1)
        self.w = a.filter.reshape(n_group, k // n_group, -1)
        self.dw = None if a.dfilter is None else a.dfilter.reshape(n_group, k // n_group, -1)
        self.dx = None if a.dx is None else storage(a.dx)
        self.dy = None if a.dy is None else storage(a.dy).reshape(n_group, k // n_group, -1)
        self.bias = None if a.bias is None else a.bias.reshape(n_group, -1, 1)

    def lower(self) -> None:
        self.col.fill(0)
        for part, index in self.taps:
            part[...] = self.x[index]

    def forward(self) -> None:
        self.lower()
        np.matmul(self.w, self.colg, out=self.y)
        if self.bias is not None:
            self.y += self.bias

    def backward(self) -> None:
        if self.a.dbias is not None:
            self.a.dbias[...] = self.dy.sum(axis=2).reshape(-1)
        if self.dw is not None:
            self.lower()
            np.matmul(self.dy, self.colg.transpose(0, 2, 1), out=self.dw)
        if self.dx is not None:
            np.matmul(self.w.transpose(0, 2, 1), self.dy, out=self.colg)
            self.dx.fill(0)
            for part, index in self.taps:
                self.dx[index] += part


class _Pool:
    def __init__(self, kind, window, divisor, x, y, dx, dy) -> None:
        self.kind = kind
        self.x, self.y = storage(x), storage(y)
        self.dx = None if dx is None else storage(dx)
        self.dy = None if dy is None else storage(dy)
        _, h, w, _ = self.x.shape
        _, p, q, _ = self.y.shape
        self.taps = []
        for r in range(window.kernel[0]):
            for s in range(window.kernel[1]):
                oh, ih = clipped(h, p, r, window.stride[0], window.pad[0])
                ow, iw = clipped(w, q, s, window.stride[1], window.pad[1])
                self.taps.append(((slice(None), oh, ow), (slice(None), ih, iw)))
        counts = []
        for n, o, k, s, pad in zip(
            (h, w), (p, q), window.kernel, window.stride, window.pad, strict=True
        ):
            start = np.arange(o) * s - pad
            if divisor == "kernel":
                counts.append(np.full(o, k))
            elif divisor == "padded":
                counts.append(np.minimum(start + k, n + pad) - start)
            else:
                counts.append(np.minimum(start + k, n) - np.maximum(start, 0))
        self.scale = (1.0 / (counts[0][:, None] * counts[1][None, :]))[None, :, :, None].astype(
            x.dtype
        )

    def forward(self) -> None:
        if self.kind == "Max":
            self.y.fill(-np.inf)
            for o, i in self.taps:
                np.maximum(self.y[o], self.x[i], out=self.y[o])
        else:
            self.y.fill(0)
            for o, i in self.taps:
                self.y[o] += self.x[i]
            self.y *= self.scale

    def backward(self) -> None:
        if self.dx is None:
            return
        self.dx.fill(0)
        if self.kind == "Max":
            free = np.ones(self.y.shape, bool)
            for o, i in self.taps:
                hit = free[o] & (self.x[i] == self.y[o])
                free[o] &= ~hit
                self.dx[i] += np.where(hit, self.dy[o], 0)
        else:
            d = self.dy * self.scale
            for o, i in self.taps:
                self.dx[i] += d[o]
