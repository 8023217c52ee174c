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
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

import numpy as np

from graphnet.backend.calls import Call, Op, in_turn
from graphnet.backend.host_memory import available_memory
from graphnet.backend.measures import Expectation, Number, Refuse, Sums
from graphnet.backend.precision import Precision
from graphnet.backend.staging import Staging
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape
from graphnet.control_groups import FreeMemory
from graphnet.random.samples import make_mask
from graphnet.sealed import Sealed

PoolingKind = Literal["Max", "Mean"]
Divisor = Literal["kernel", "padded", "valid"]


@dataclass(frozen=True)
class ScratchDecl:
    """Working memory an operation or layer declares before any exists.

    Attributes:
        shape: As the user of it sees it.
        dtype: Its element type; None means the net's precision.
        lifetime: Its contents matter in one ``call``, from forward to backward (``pass``), or ever.
        blob: True: stored as a blob (seen ``(N, …)``, the backend's layout); False: in C order.
    """

    shape: Shape
    dtype: str | None = None
    lifetime: Literal["call", "pass", "forever"] = "call"
    blob: bool = False


@dataclass(frozen=True)
class ConvArrays:
    """What a convolution is bound to; a None diff is not wanted.

    Shapes: ``x (N, C, H, W)``, ``filter (K, C/n_group, kh, kw)``, ``bias (K,)``,
    ``y (N, K, P, Q)``, diffs like their values. No output is left below a ``bound``.
    """

    x: Array
    filter: Array
    bias: Array | None
    y: Array
    dx: Array | None = None
    dfilter: Array | None = None
    dbias: Array | None = None
    dy: Array | None = None
    bound: float | None = None


@dataclass(frozen=True)
class InnerProductArrays:
    """What an inner product is bound to; a None diff is not wanted.

    Shapes: ``x (N, …)``, maybe in C order, ``weight (M, D)``, ``bias (M,)``, ``y (N, M)``; with
    ``y (N, …, M)`` each of the positions between is computed alike from its part of ``x``.
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

    Below ``shape`` is as the user sees it, ``dtype`` an element type, ``n_group`` and ``window``
    are of a convolution or pooling, ``x`` and ``y`` what it reads and writes, ``dx`` and ``dy``
    their diffs or None, ``scratch`` what the method of that name asks for, ``backward`` whether
    there is one. Random numbers depend on a ``key``, the ``iteration`` and ``first_sample``.

    Attributes:
        name: ``numpy`` or ``cupy``.
        xp: The array module.
        precision: To what the operands of its products and convolutions are rounded.
    """

    name: str
    xp: Any
    precision: Precision = "float32"

    def computing(self) -> AbstractContextManager[None]:
        """What passes run within: limits that the process is held to; a loop enters it once."""
        return nullcontext()

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
            arena: Flat, from :meth:`arena`.
            offset: In bytes, a multiple of 64.
            shape: As the user sees it.
            dtype: Element type.
            blob: Whether it is seen as ``(N, …)`` and stored as blobs are, or in plain C order.
        """

    def free_memory(self) -> FreeMemory | None:
        """How much memory arrays may still take, and what limits it; None where nobody can say."""
        return available_memory()

    def empty_blob(self, shape: Shape, dtype: np.dtype) -> Array:
        """A blob's array on memory of its own, uninitialised."""
        n_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        return self.place(self.arena(n_bytes), 0, shape, dtype, blob=True)

    def zeros(self, shape: Shape, dtype: np.dtype) -> Array:
        """A plain C-order array of zeros."""
        return cast("Array", self.xp.zeros(shape, dtype))

    def full(self, shape: Shape, value: float, dtype: np.dtype) -> Array:
        """A plain C-order array filled with ``value``."""
        return cast("Array", self.xp.full(shape, value, dtype))

    def constant(self, values: np.ndarray, dtype: np.dtype) -> Array:
        """A plain C-order array of the shape of ``values``, an array of the host, and with them."""
        constant = self.zeros(values.shape, dtype)
        self.upload(values.astype(dtype), constant)
        return constant

    def host_side(self, array: Array) -> Array:
        """Where the host makes what is uploaded, of the shape of ``array``: it, if writable."""
        return array

    def note_rows(self, flags: Array, found: list[bool]) -> list[Callable[[], None]]:
        """Calls that note in ``found`` which rows of ``flags`` hold a true; none if it waits."""
        return []

    @abstractmethod
    def upload(self, host: np.ndarray, out: Array) -> None:
        """Copy a host array of the same shape and dtype into ``out``."""

    @abstractmethod
    def download(self, array: Array) -> np.ndarray:
        """A host copy of ``array``, C order, in the shape it is seen in."""

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until everything that was started is done, as a clock must before it stops."""

    @abstractmethod
    def staging(self, targets: Sequence[Array]) -> Staging:
        """A staging area for one batch on its way into ``targets``, blobs or plain arrays.

        With several of them, batches are copied while others are computed with.
        """

    @abstractmethod
    def elementwise(
        self, function: Callable[..., None], *arrays: Array, scratch: Array | None = None
    ) -> Callable[[], None]:
        """Bind ``function(xp, *blocks)`` to arrays of one shape and one storage order.

        All are the backend's, or the host's. The returned call runs it over blocks, and perhaps in
        threads: elements are independent, with ``out=``; ``scratch`` (default: none) comes last.
        """

    def elementwise_scratch(self, shape: Shape, n: int) -> ScratchDecl:
        """The ``n`` arrays of scratch of an element-wise function of arrays of that ``shape``."""
        return ScratchDecl((n, *shape))

    def repeated(self, function: Any, a: Array, b: Array, out: Array) -> Callable[[], Any]:
        """Bind ``function(a, b, out=out)``, a ufunc's, ``b`` repeated along axes; returns the call.

        All are seen with as many axes, the batch axis first.
        """
        return partial(function, a, b, out=out)

    def operand(self, value: float, dtype: np.dtype) -> Any:
        """``value`` as ufuncs take it in the least time beside arrays of ``dtype``."""
        return value

    def refilled(self, held: Any, value: float, dtype: np.dtype) -> Any:
        """A ``value`` that changes, as :meth:`operand` gives one; ``held`` is the one before."""
        return value

    def parts_at_once(self, n: int, size: int) -> int:
        """How many of n parts of ``size`` elements a layer works on at a time, at least 1."""
        return min(n, max(1, 2**17 // max(1, size)))  # as a core's cache holds

    #: The most parts of a batch that a layer runs beside each other.
    most_strips: int = 4

    def concurrently(self, calls: Sequence[Callable[[], None]]) -> Callable[[], None]:
        """Bind calls, none of which writes what another touches; returns one that makes all."""
        return in_turn(calls)

    @abstractmethod
    def gather(self, flat: Array, index: Array, out: Array) -> None:
        """``out = flat[index]``: contiguous arrays of one axis, and indices known to be valid."""

    @abstractmethod
    def scatter(self, flat: Array, index: Array, values: Array) -> None:
        """``flat[index] = values``: arrays as for :meth:`gather`, and no index occurs twice."""

    @abstractmethod
    def add_rows(self, flat: Array, place: Array, values: Array, width: int) -> None:
        """``flat = 0``, then ``flat[place] += values``, where places may occur several times.

        Args:
            flat: A C-contiguous table, as one axis.
            place: The index in ``flat`` of each of ``values``; together whole rows of the table.
            values: As many as places, in the order they are stored in, on one axis.
            width: Elements of a row.
        """

    # --- sums and maxima ----------------------------------------------------------------
    # Whatever adds up many numbers does it here. A float32 sum of numbers of one sign is right to a
    # part in a million, for 2**24 terms and more; the order of addition depends on shapes alone.

    @abstractmethod
    def axes_sum(self, array: Array, axes: Sequence[int], out: Array) -> Callable[[], Any]:
        """Bind ``out = array.sum(axes, keepdims=True)``; returns the call that does it.

        Args:
            array: A blob, some channels of one, or a plain array; without gaps.
            axes: Those summed over; either they or the remaining ones are adjacent.
            out: Of the shape of the sum, in the order in which the array is stored.
        """

    @abstractmethod
    def total(self, flat: Array) -> Number:
        """Σ x of a contiguous array ``flat``."""

    @abstractmethod
    def product_total(self, a: Array, b: Array) -> Number:
        """Σ a · b of contiguous arrays of one axis."""

    @abstractmethod
    def channel_products(self, a: Array, b: Array, out: Array) -> None:
        """``out (C,)`` = Σ a · b over all axes but axis 1 of blobs of one shape."""

    def moments(self, x: Array, mean: Array, variance: Array) -> Callable[[], bool]:
        """Bind mean and variance ``(C,)`` of a blob ``x``; returns the call, false if it cannot."""
        return lambda: False

    def axis_max(self, array: Array, axis: int, out: Array, scratch: Array) -> Callable[[], Any]:
        """Bind ``out = array.max(axis, keepdims=True)``; returns a call. A NaN is the largest.

        Args:
            array: A blob.
            axis: Not 0.
            out: A blob of size 1 along the axis.
            scratch: A blob like the array, in memory of its own.
        """
        return partial(array.max, axis=axis, keepdims=True, out=out)

    @abstractmethod
    def number(self, array: Array) -> Number:
        """The element of an array without axes, as a number; does not wait for the device."""

    @abstractmethod
    def square_sum(self, flat: Array) -> Number:
        """Σ x² of ``flat`` in float64, in an order that only the size decides."""

    @abstractmethod
    def clip_factor(self, norm: Number, most: float) -> Number:
        """What a gradient of this norm is multiplied by so that it is at most ``most``.

        1 where it is no larger, and where it is not finite: divergence must stay visible.
        """

    @abstractmethod
    def ratio(self, a: Number, b: Number) -> Number:
        """``a / b`` of numbers of at least 0; 1 where one of them is 0."""

    @abstractmethod
    def sums(self, n: int) -> Sums:
        """``n`` sums, all 0; the last is that of the weights."""

    @abstractmethod
    def expectation(self, flags: Array, values: Array, refuse: Refuse) -> Expectation:
        """A check, in each pass, that all of ``flags`` are true.

        Args:
            flags: Of any shape, without gaps; written before each look.
            values: What they were made from, of the same shape and order: for the message.
            refuse: Raises, given the first false flag's place, its value, and how many looks ago.
        """

    def product(
        self, left: Array, right: Array, out: Array, *, whole: bool = False, is_sum: bool = False
    ) -> Call:
        """Bind ``out = left @ right``; returns the call.

        Args:
            left: ``(…, M, D)``.
            right: ``(…, D, N)``.
            out: ``(…, M, N)``.
            whole: Whether it is to be left in one piece, whatever is faster.
            is_sum: Whether a factor is all ones: what is added up by it is not rounded.
        """
        return partial(self.xp.matmul, left, right, out=out)

    def inner_product_scratch(
        self, x: Shape, weight: Shape, y: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        """The scratch :meth:`inner_product` needs for shapes ``x``, ``weight`` and ``y``."""
        return {}

    @abstractmethod
    def inner_product(
        self, arrays: InnerProductArrays, scratch: Mapping[str, Array] | None = None
    ) -> Op:
        """``y = rows(x) @ weight.T + bias``; ``scratch`` (default: none) where it is needed."""

    @abstractmethod
    def conv2d_scratch(
        self, window: Window, n_group: int, x: Shape, filter_: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        """The scratch :meth:`conv2d` needs for shapes ``x`` and ``filter_`` (a pure function)."""

    @abstractmethod
    def conv2d(
        self, window: Window, n_group: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> Op:
        """Cross-correlation with stride, zero padding, dilation and groups (no kernel flip).

        Where only ``dx`` is wanted, ``backward`` needs no ``forward`` and reads no ``x``.
        """

    @abstractmethod
    def pool2d_scratch(
        self, kind: PoolingKind, window: Window, x: Shape, y: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        """The scratch :meth:`pool2d` of a kind needs for shapes ``x``, ``y`` (a pure function)."""

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
        """The operation of that ``kind``: max or mean over windows clipped to the image.

        Max: the first maximum in row-major scan order takes the gradient; a NaN in a window makes
        its output NaN. Mean: the divisor is the full kernel area (``kernel``, Mocha's rule), the
        window clipped to the padded image (``padded``, Caffe's), or the elements really in the
        image (``valid``).
        """

    @abstractmethod
    def fill_uniform(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        """U[0, 1) into the blob ``out``, from Philox4x64-10.

        The value of an element depends on the key, the iteration, its sample's global index
        (``first_sample`` + its row) and its place within the sample: on nothing else.
        """

    def fill_mask(
        self, ratio: float, scale: float, key: int, iteration: int, first_sample: int, out: Array
    ) -> None:
        """A blob ``out``: ``scale`` where :meth:`fill_uniform`'s is at least ``ratio``, or 0."""
        self.fill_uniform(key, iteration, first_sample, out)
        make_mask(self.xp, out, ratio, scale)

    @abstractmethod
    def fill_normal(self, key: int, iteration: int, first_sample: int, out: Array) -> None:
        """N(0, 1) into ``out``, by Box and Muller's transform of :meth:`fill_uniform`'s stream."""
