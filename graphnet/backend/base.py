"""The contract of a backend: where arrays live, and the operations that are not plain NumPy.

A layer uses ``xp`` (the array module) for whatever NumPy and CuPy spell the same, and one of
the operations below for the rest; no layer asks which backend it runs on.

An operation is *bound* to its arrays once, when the net is built, and then called without
arguments, so that a training step is a list of bare calls. ``forward`` writes every element of
its outputs; ``backward`` assigns every diff it was given and skips those that are None.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal, Protocol

import numpy as np

from graphnet.blob import Array, Shape

PoolingKind = Literal["Max", "Mean"]
Divisor = Literal["kernel", "padded", "valid"]


class Op(Protocol):
    """An operation bound to its arrays."""

    def forward(self) -> None:
        """Compute the outputs from the inputs."""

    def backward(self) -> None:
        """Assign the wanted diffs; called after ``forward`` on the same data."""


@dataclass(frozen=True)
class ScratchDecl:
    """Working memory an operation or layer declares before any exists.

    Attributes:
        shape: As the user of it sees it.
        dtype: Its element type; None means the net's precision.
        lifetime: ``call``: contents matter only within one forward or one backward;
            ``pass``: from forward to backward; ``forever``: never shared.
        blob: True to be stored as a blob (seen ``(N, …)``, the backend's layout), False for a
            plain C-contiguous array.
    """

    shape: Shape
    dtype: str | None = None
    lifetime: Literal["call", "pass", "forever"] = "call"
    blob: bool = False


@dataclass(frozen=True)
class Window:
    """The geometry of a sliding window; every pair is ``(height, width)``."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    def floor_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Convolution's output size: windows lie wholly inside the padded image."""
        out = (
            (n + 2 * p - (d * (k - 1) + 1)) // s + 1
            for n, k, s, p, d in zip(
                size, self.kernel, self.stride, self.pad, self.dilation, strict=True
            )
        )
        height, width = out
        return height, width

    def ceil_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Pooling's output size (Caffe and Mocha): rounded up, so the last window may hang over.

        Where either pad is positive, a last window that starts in the trailing padding is
        dropped.
        """
        out = [
            ceil((n + 2 * p - k) / s) + 1
            for n, k, s, p in zip(size, self.kernel, self.stride, self.pad, strict=True)
        ]
        if any(self.pad):
            out = [
                o - 1 if (o - 1) * s >= n + p else o
                for o, n, s, p in zip(out, size, self.stride, self.pad, strict=True)
            ]
        return out[0], out[1]


@dataclass(frozen=True)
class ConvArrays:
    """What a convolution is bound to; a None diff is not wanted.

    Shapes: ``x (N, C, H, W)``, ``filter (K, C/n_group, kh, kw)``, ``bias (K,)``,
    ``y (N, K, P, Q)``, diffs like their values.
    """

    x: Array
    filter: Array
    bias: Array | None
    y: Array
    dx: Array | None = None
    dfilter: Array | None = None
    dbias: Array | None = None
    dy: Array | None = None


@dataclass(frozen=True)
class InnerProductArrays:
    """What an inner product is bound to; a None diff is not wanted.

    Shapes: ``x (N, …)``, ``weight (M, D)``, ``bias (M,)``, ``y (N, M)``.
    """

    x: Array
    weight: Array
    bias: Array | None
    y: Array
    dx: Array | None = None
    dweight: Array | None = None
    dbias: Array | None = None
    dy: Array | None = None


class Backend(ABC):
    """Where arrays live and how the heavy operations run there.

    Attributes:
        name: ``numpy`` or ``cupy``.
        xp: The array module.
    """

    name: str
    xp: Any

    # --- memory -------------------------------------------------------------------------

    @abstractmethod
    def arena(self, n_bytes: int) -> Array:
        """``n_bytes`` of uninitialised memory as a flat uint8 array, aligned to 64 bytes."""

    @abstractmethod
    def place(
        self, arena: Array, offset: int, shape: Shape, dtype: np.dtype, *, blob: bool
    ) -> Array:
        """A view of ``arena`` from byte ``offset`` on.

        Args:
            arena: From :meth:`arena`.
            offset: In bytes, a multiple of 64.
            shape: As the user sees it.
            dtype: Element type.
            blob: True: seen as ``(N, …)``, stored as this backend stores blobs (the NumPy backend:
                batch last). False: plain C order.
        """

    def empty_blob(self, shape: Shape, dtype: np.dtype) -> Array:
        """A blob's array on memory of its own, uninitialised."""
        n_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        return self.place(self.arena(n_bytes), 0, shape, dtype, blob=True)

    def zeros(self, shape: Shape, dtype: np.dtype) -> Array:
        """A plain C-order array of zeros."""
        return self.xp.zeros(shape, dtype)

    def full(self, shape: Shape, value: float, dtype: np.dtype) -> Array:
        """A plain C-order array filled with ``value``."""
        return self.xp.full(shape, value, dtype)

    @abstractmethod
    def upload(self, host: np.ndarray, out: Array) -> None:
        """Copy a host array of the same shape and dtype into ``out``."""

    @abstractmethod
    def download(self, array: Array) -> np.ndarray:
        """A host copy of ``array``, C order, in the shape it is seen in."""

    # --- element-wise work --------------------------------------------------------------

    @abstractmethod
    def elementwise(self, function: Callable[..., None], *arrays: Array) -> Callable[[], None]:
        """Bind ``function(xp, *blocks)`` to arrays of one shape and one storage order.

        The call that comes back runs it over blocks of them, perhaps in several threads; the
        function must treat elements independently and write with ``out=``.
        """

    #: How many elements a layer that works in blocks gives each: what a core's cache holds.
    block_elements: int = 2**17

    def concurrently(self, calls: Sequence[Callable[[], None]]) -> Callable[[], None]:
        """Bind calls none of which writes what another one touches.

        The call that comes back makes them all, in any order, perhaps in several threads.
        """

        def run() -> None:
            for call in calls:
                call()

        return run

    def gather(self, flat: Array, index: Array, out: Array) -> None:
        """``out = flat[index]``: contiguous arrays of one axis, and indices known to be valid."""
        self.xp.take(flat, index, out=out, mode="clip")  # "raise" would go through a copy

    # --- the heavy operations -----------------------------------------------------------

    @abstractmethod
    def inner_product(self, arrays: InnerProductArrays) -> Op:
        """``y = rows(x) @ weight.T + bias``."""

    @abstractmethod
    def conv2d_scratch(
        self, window: Window, n_group: int, x: Shape, filter_: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        """The working memory :meth:`conv2d` needs for these shapes (a pure function)."""

    @abstractmethod
    def conv2d(
        self, window: Window, n_group: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> Op:
        """Cross-correlation with stride, zero padding, dilation and groups (no kernel flip).

        Where only ``dx`` is wanted, ``backward`` needs no ``forward`` before it and reads nothing
        but ``filter`` and ``dy``.
        """

    @abstractmethod
    def pool2d_scratch(
        self, kind: PoolingKind, window: Window, x: Shape, y: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        """The working memory :meth:`pool2d` needs for these shapes (a pure function)."""

    @abstractmethod
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
        """Max or mean over windows clipped to the image.

        Max: the first maximum in row-major scan order takes the gradient; a NaN in a window
        makes its output NaN. Mean: the divisor is the full kernel area (``kernel``, Mocha's
        rule), the window clipped to the padded image (``padded``, Caffe's), or the elements
        really in the image (``valid``).
        """

    # --- randomness ---------------------------------------------------------------------

    @abstractmethod
    def fill_uniform(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        """U[0, 1) into a blob, from Philox4x64-10.

        The value of an element depends on the key, the iteration, its sample's global index
        (``first_sample`` + its row) and its place within the sample: on nothing else.
        """

    @abstractmethod
    def fill_normal(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        """N(0, 1) into a blob, by Box and Muller's transform of :meth:`fill_uniform`'s stream."""
