"""The contract of a backend: where arrays live, and the operations that are not plain NumPy.

A layer uses ``xp`` (the array module) for whatever NumPy and CuPy spell the same, and one of
the operations below for the rest; no layer asks which backend it runs on.

An operation is *bound* to its arrays once, when the net is built, and then called without
arguments, so that a training step is a list of bare calls. ``forward`` writes every element of
its outputs; ``backward`` assigns every diff it was given and skips those that are None.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, Literal, Protocol

import numpy as np

from graphnet.backend.measures import Expectation, Number, Refuse, Sums
from graphnet.backend.staging import Staging
from graphnet.blob import Array, Shape
from graphnet.random import samples as philox
from graphnet.sealed import Sealed

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

    Shapes: ``x (N, …)``, ``weight (M, D)``, ``bias (M,)``, ``y (N, M)``. ``x`` may be in C order.
    With ``y (N, …, M)`` each of the positions between is computed alike from its part of ``x``.
    """

    x: Array
    weight: Array
    bias: Array | None
    y: Array
    dx: Array | None = None
    dweight: Array | None = None
    dbias: Array | None = None
    dy: Array | None = None


class Backend(Sealed):
    """Where arrays live and how the heavy operations run there.

    Attributes:
        name: ``numpy`` or ``cupy``.
        xp: The array module.
    """

    name: str
    xp: Any
    #: Whether its arrays lie in the machine's own memory.
    on_host: bool = True

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

    def free_bytes(self) -> int | None:
        """How much memory arrays may still take on the device; None where nobody can say."""
        return None

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

    def host_side(self, array: Array) -> Array:
        """Where the host makes what is then uploaded: the array itself if the host may write it."""
        return array

    def note_rows(self, flags: Array, found: list[bool]) -> list[Callable[[], None]]:
        """What notes which rows hold a true; nothing, where the host would have to wait for it."""
        return []

    @abstractmethod
    def upload(self, host: np.ndarray, out: Array) -> None:
        """Copy a host array of the same shape and dtype into ``out``."""

    @abstractmethod
    def download(self, array: Array) -> np.ndarray:
        """A host copy of ``array``, C order, in the shape it is seen in."""

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until all that was asked for is done: for clocks, which else stop too soon."""

    @abstractmethod
    def staging(self, targets: Sequence[Array]) -> Staging:
        """Room for one batch on its way into these arrays; several in turn overlap the way."""

    # --- element-wise work --------------------------------------------------------------

    @abstractmethod
    def elementwise(self, function: Callable[..., None], *arrays: Array) -> Callable[[], None]:
        """Bind ``function(xp, *blocks)`` to arrays of one shape and one storage order.

        The call that comes back runs it over blocks of them, perhaps in several threads; the
        function must treat elements independently and write with ``out=``.
        """

    def operand(self, value: float, dtype: np.dtype) -> Any:
        """A number as ufuncs take it in the least time beside arrays of ``dtype``."""
        return value

    def parts_at_once(self, n: int, size: int) -> int:
        """How many of n parts of ``size`` elements a layer works on at a time, at least 1."""
        return min(n, max(1, 2**17 // max(1, size)))  # as a core's cache holds

    #: The most parts of a batch that a layer runs beside each other.
    most_strips: int = 4

    def concurrently(self, calls: Sequence[Callable[[], None]]) -> Callable[[], None]:
        """Bind calls none of which writes what another one touches.

        The call that comes back makes them all, in any order, perhaps in several threads.
        """

        def run() -> None:
            for call in calls:
                call()

        return run

    @abstractmethod
    def gather(self, flat: Array, index: Array, out: Array) -> None:
        """``out = flat[index]``: contiguous arrays of one axis, and indices known to be valid."""

    @abstractmethod
    def scatter(self, flat: Array, index: Array, values: Array) -> None:
        """``flat[index] = values``: arrays as of :meth:`gather`, in which no index comes twice."""

    @abstractmethod
    def add_rows(self, flat: Array, place: Array, values: Array, width: int) -> None:
        """``flat = 0``, then ``flat[place] += values``, where places may come several times.

        Args:
            flat: A C-contiguous table, as one axis.
            place: For each of ``values``, where in ``flat`` it belongs: as :meth:`gather` was
                given to pick whole rows of the table.
            values: Their elements in the order they are stored in.
            width: Of a row.
        """

    # --- sums and maxima ----------------------------------------------------------------
    #
    # Whatever adds up many numbers does it here. Sums of numbers of one sign are right to a part in
    # a million in float32, for 2**24 of them and more; their order is a matter of shapes alone.

    @abstractmethod
    def axes_sum(self, array: Array, axes: Sequence[int], out: Array) -> Callable[[], Any]:
        """Bind ``out = array.sum(axes, keepdims=True)``.

        Args:
            array: A blob, some channels of one, or a plain array; without gaps.
            axes: Which the sum runs over; either they or the others are neighbours.
            out: Of as many elements as the sum has, in the order of the array's storage.
        """

    @abstractmethod
    def total(self, flat: Array) -> Number:
        """Σ x of a contiguous array."""

    @abstractmethod
    def product_total(self, a: Array, b: Array) -> Number:
        """Σ a · b of contiguous arrays of one axis."""

    @abstractmethod
    def channel_products(self, a: Array, b: Array, out: Array) -> None:
        """``out (C,)`` = Σ a · b over all axes but axis 1 of blobs of one shape."""

    def axis_max(self, array: Array, axis: int, out: Array, room: Array) -> Callable[[], Any]:
        """Bind ``out = array.max(axis, keepdims=True)``, likewise; a NaN is the largest.

        Args:
            array: A blob.
            axis: Not 0.
            out: A blob of size 1 along the axis.
            room: A blob like the array, in memory of its own, to work in.
        """
        return partial(array.max, axis=axis, keepdims=True, out=out)

    # --- what is measured ---------------------------------------------------------------

    @abstractmethod
    def number(self, array: Array) -> Number:
        """The one element of an array without axes, to compute with; nobody waits for it."""

    @abstractmethod
    def square_sum(self, flat: Array) -> Number:
        """Σ x² in float64, in an order that only the size decides."""

    @abstractmethod
    def clip_factor(self, norm: Number, most: float) -> Number:
        """What a gradient of this norm is multiplied by so that it is at most ``most``.

        1 where it is no larger, or not finite: a run that diverges must be seen to.
        """

    @abstractmethod
    def sums(self, n: int) -> Sums:
        """``n`` sums, all 0; the last is that of the weights."""

    @abstractmethod
    def expectation(self, flags: Array, values: Array, refuse: Refuse) -> Expectation:
        """See in each pass that all of ``flags`` is true.

        Args:
            flags: Contiguous in the order they are stored in; written before each look.
            values: What they were made from, as many, in the same order: for the message.
            refuse: Raises the error, given the place of the first false flag, its value, and how
                many looks ago it was seen.
        """

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

    def host_uniform(self, key: int, iteration: int, first_sample: int, out: np.ndarray) -> None:
        """The numbers of :meth:`fill_uniform` into a host array ``(N, elements)``."""
        philox.fill_uniform(key, iteration, first_sample, out, philox.Room())

    @abstractmethod
    def fill_normal(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        """N(0, 1) into a blob, by Box and Muller's transform of :meth:`fill_uniform`'s stream."""
