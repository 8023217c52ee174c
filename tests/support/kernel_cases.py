"""Launches of every CUDA kernel, with what each must write, computed by NumPy.

A case is made for a precision and for numbers of threads and blocks, so that kernels are seen to
cover their work however it is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np
from support.naive_windows import pool

from graphnet.backend.cupy.kernels import NULL, THREADS
from graphnet.backend.numpy.backend import NumpyBackend
from graphnet.backend.window import Window


@dataclass
class Case:
    """One launch.

    Attributes:
        arguments: As they are passed; what is written is full of NaN, or of −1, before.
        covers: Threads needed along x, and blocks along y; or the whole grid, if ``grid``.
        expected: What the arguments of these places hold afterwards.
        grid: The blocks, where the kernel prescribes them.
        threads: Of each of them.
        tolerance: Of floating-point results, relative to the largest; 0 for bit-equal.
    """

    arguments: list[Any]
    covers: tuple[int, int]
    expected: dict[int, np.ndarray]
    grid: tuple[int, int] | None = None
    threads: int = THREADS
    tolerance: float = 0.0

    def launches(self) -> Iterator[tuple[tuple[int, int], tuple[int, int, int]]]:
        """Grids and blocks that must all give the same."""
        if self.grid is not None:
            yield self.grid, (self.threads, 1, 1)
            return
        along_x, along_y = self.covers
        for threads, rows in ((THREADS, along_y), (33, 1), (96, max(1, along_y - 1))):
            yield (-(-along_x // threads), rows), (threads, 1, 1)


Maker = Callable[[np.dtype], Iterator[Case]]
CASES: dict[str, Maker] = {}

#: Overlapping, gapped, padded, dilated; and images of odd sizes.
WINDOWS = (
    (Window((3, 2), (2, 1), (1, 2), (1, 2)), (7, 6)),
    (Window((1, 1)), (3, 5)),
    (Window((5, 5), (1, 1), (2, 2)), (9, 8)),
    (Window((2, 3), (3, 4)), (11, 7)),
)
POOLS = (
    (Window((3, 3), (2, 2), (1, 1)), (7, 6)),
    (Window((2, 2), (2, 2)), (8, 5)),
    (Window((5, 1), (1, 1), (2, 0)), (9, 4)),
    (Window((4, 7)), (4, 7)),
    (Window((1, 2), (3, 2)), (7, 3)),
)
N, C = 3, 5


def case(kernel: str) -> Callable[[Maker], Maker]:
    """Register what makes the cases of ``file.kernel``."""

    def register(maker: Maker) -> Maker:
        CASES[kernel] = maker
        return maker

    return register


def ints(*values: int) -> list[np.int32]:
    """Arguments that a kernel takes as ``int``."""
    return [np.int32(v) for v in values]


def random(shape: tuple[int, ...], dtype: np.dtype, seed: int = 0) -> np.ndarray:
    """Normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def unwritten(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """NaN everywhere."""
    return np.full(shape, np.nan, dtype)


# --- im2col -----------------------------------------------------------------------------


def taps(window: Window, out: tuple[int, int]) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """Each tap's number, and the elements of a padded image its windows meet."""
    for number, (i, j) in enumerate(product(*map(range, window.kernel))):
        yield (
            number,
            tuple(  # type: ignore[misc]
                slice(k * d, k * d + (o - 1) * s + 1, s)
                for k, d, o, s in zip((i, j), window.dilation, out, window.stride, strict=True)
            ),
        )


def geometry(window: Window, size: tuple[int, int], out: tuple[int, int]) -> list[np.int32]:
    """What the kernels of a convolution are told after the number of images."""
    w = window
    return ints(C, *size, *out, *w.kernel, *w.stride, *w.pad, *w.dilation)


@case("im2col.im2col")
def im2col(dtype: np.dtype) -> Iterator[Case]:
    """Every window's elements below each other."""
    for window, size in WINDOWS:
        out = window.floor_size(size)
        x = random((N, C, *size), dtype)
        padded = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in window.pad)))
        columns = np.empty((C, prod(window.kernel), N, *out), dtype)
        for tap, where in taps(window, out):
            columns[:, tap] = padded[(..., *where)].swapaxes(0, 1)
        matrix = columns.reshape(C * prod(window.kernel), -1)
        arguments = [x, unwritten(matrix.shape, dtype), *ints(N), *geometry(window, size, out)]
        yield Case(arguments, (C * prod(out), N), {1: matrix})


@case("im2col.col2im")
def col2im(dtype: np.dtype) -> Iterator[Case]:
    """Every window's elements added where they came from."""
    for window, size in WINDOWS:
        out = window.floor_size(size)
        matrix = random((C * prod(window.kernel), N * prod(out)), dtype)
        columns = matrix.reshape(C, prod(window.kernel), N, *out).astype(np.float64)
        (ph, pw), (height, width) = window.pad, size
        padded = np.zeros((N, C, height + 2 * ph, width + 2 * pw))
        for tap, where in taps(window, out):
            padded[(..., *where)] += columns[:, tap].swapaxes(0, 1)
        dx = padded[:, :, ph : ph + height, pw : pw + width]
        arguments = [matrix, unwritten(dx.shape, dtype), *ints(N), *geometry(window, size, out)]
        yield Case(arguments, (C * height * width, N), {1: dx}, tolerance=4)


# --- images -----------------------------------------------------------------------------


@case("images.images_to_rows")
def images_to_rows(dtype: np.dtype) -> Iterator[Case]:
    """The first two axes swapped."""
    for area in (1, 35):
        images = random((N, C, area), dtype)
        rows = images.swapaxes(0, 1)
        arguments = [images, unwritten(rows.shape, dtype), *ints(N, C, area)]
        yield Case(arguments, (C * area, N), {1: rows})


@case("images.rows_to_images")
def rows_to_images(dtype: np.dtype) -> Iterator[Case]:
    """Swapped back, with and without a bias."""
    bias = random((C,), dtype, seed=1)
    for area in (1, 35):
        rows = random((C, N, area), dtype)
        images = rows.swapaxes(0, 1)
        for given, result in ((NULL, images), (bias, images + bias[:, None])):
            arguments = [rows, given, unwritten(images.shape, dtype), *ints(N, C, area)]
            yield Case(arguments, (C * area, N), {2: result})


# --- sums -------------------------------------------------------------------------------


@case("sums.channel_sums")
def channel_sums(dtype: np.dtype) -> Iterator[Case]:
    """Sums over all axes but the second; areas below, at and above the number of threads."""
    for n, area in ((3, 1), (700, 1), (2, 35), (5, 255), (2, 256), (3, 257), (1, 1000), (300, 3)):
        images = random((n, C, area), dtype)
        sums = images.sum((0, 2), dtype=np.float64)
        arguments = [images, unwritten((C,), dtype), *ints(n, C, area)]
        yield Case(arguments, (0, 0), {1: sums}, grid=(C, 1), tolerance=50)


@case("sums.column_sums")
def column_sums(dtype: np.dtype) -> Iterator[Case]:
    """Sums over rows; fewer and more of them than threads, columns that fill no block."""
    for n, columns in ((1, 1), (7, 32), (8, 33), (9, 100), (600, 5)):
        matrix = random((n, columns), dtype)
        sums = matrix.sum(0, dtype=np.float64)
        arguments = [matrix, unwritten((columns,), dtype), *ints(n, columns)]
        yield Case(arguments, (0, 0), {1: sums}, grid=(-(-columns // 32), 1), tolerance=50)


@case("sums.channel_products")
def channel_products(dtype: np.dtype) -> Iterator[Case]:
    """The same sums of products."""
    for n, area in ((3, 1), (700, 1), (2, 35), (2, 256), (3, 257), (300, 3)):
        a, b = (random((n, C, area), dtype, seed) for seed in (0, 1))
        sums = np.einsum("nca,nca->c", a.astype(np.float64), b.astype(np.float64))
        arguments = [a, b, unwritten((C,), dtype), *ints(n, C, area)]
        yield Case(arguments, (0, 0), {2: sums}, grid=(C, 1), tolerance=50)


# --- measures ---------------------------------------------------------------------------


@case("measures.add_measures")
def add_measures(_: np.dtype) -> Iterator[Case]:
    """Doubles, in any precision of the net: as many as there are, weighted; the weight is last."""
    numbers = [np.array([v]) for v in (0.1, np.nan, 3.0)]
    for n, weight in product((1, 3), (np.float64(0.3), np.array([0.3]))):
        before = random((n + 1,), np.dtype("f8"))
        after = before.copy()
        after[:-1] += 0.3 * np.concatenate(numbers[:n])
        after[-1] += 0.3
        weights = [np.float64(7), weight] if isinstance(weight, np.ndarray) else [weight, NULL]
        there = [*numbers[:n], *[NULL] * (3 - n)]
        arguments = [before, *ints(n), *weights, *there]
        yield Case(arguments, (0, 0), {0: after}, grid=(1, 1), threads=1)


@case("measures.add_products")
def add_products(dtype: np.dtype) -> Iterator[Case]:
    """Sums of products in double, a block's share each; some blocks have none."""
    for n, blocks in ((1, 1), (300, 3), (3000, 2)):
        a, b = (random((n,), dtype, seed) for seed in (0, 1))
        padded = np.zeros(-(-n // (blocks * THREADS)) * blocks * THREADS)
        padded[:n] = a.astype(np.float64) * b
        parts = padded.reshape(-1, blocks, THREADS).sum((0, 2))
        arguments = [a, b, unwritten((blocks,), np.dtype("f8")), np.int64(n)]
        yield Case(arguments, (0, 0), {2: parts}, grid=(blocks, 1), tolerance=50)


@case("measures.note_false")
def note_false(dtype: np.dtype) -> Iterator[Case]:
    """The first false flag, wherever it is; none; and one where there has been one before."""
    for n, false, noted in (
        (1, [0], -1), (300, [299], -1), (700, [600, 301, 557], -1), (700, [], -1), (9, [2], 5),
    ):  # fmt: skip
        flags, values = np.ones(n, bool), random((n,), dtype)
        flags[false] = False
        before, value = np.array([noted, 3, 7]), np.array([0.5])
        after = (np.array([noted, 3, 8]), value)
        if false and noted < 0:
            after = (np.array([min(false), 7, 8]), values[[min(false)]].astype(np.float64))
        arguments = [flags, values, before, value, np.int64(n)]
        yield Case(arguments, (0, 0), {2: after[0], 3: after[1]}, grid=(1, 1))


# --- pool2d -----------------------------------------------------------------------------


def pooling(dtype: np.dtype) -> Iterator[tuple[Window, np.ndarray, np.ndarray, list[np.int32]]]:
    """Windows, images with many equal values, diffs, and what the kernels are told of them."""
    rng = np.random.default_rng(2)
    for window, size in POOLS:
        out = window.ceil_size(size)
        x = rng.integers(-3, 4, (N, C, *size)).astype(dtype)
        dy = rng.standard_normal((N, C, *out)).astype(dtype)
        told = ints(N, C, *size, *out, *window.kernel, *window.stride, *window.pad)
        yield window, x, dy, told


def first_maxima(window: Window, x: np.ndarray, out: tuple[int, int]) -> np.ndarray:
    """Where the first maximum of each window lies within its channel's image."""
    height, width = x.shape[2:]
    found = np.empty((*x.shape[:2], *out), np.int32)
    for p, q in product(*map(range, out)):
        top, left = (o * s - d for o, s, d in zip((p, q), window.stride, window.pad, strict=True))
        rows = slice(max(top, 0), min(top + window.kernel[0], height))
        columns = slice(max(left, 0), min(left + window.kernel[1], width))
        part = x[:, :, rows, columns]
        place = part.reshape(*x.shape[:2], -1).argmax(-1)  # of a NaN too: the first
        row, column = np.unravel_index(place, part.shape[2:])
        found[:, :, p, q] = (row + rows.start) * width + column + columns.start
    return found


@case("pool2d.max_pool")
def max_pool(dtype: np.dtype) -> Iterator[Case]:
    """Maxima and where the first of each was; with NaN and infinities too, and without places."""
    for window, x, dy, told in pooling(dtype):
        for strange in ((), (np.nan, -np.inf, np.inf, np.nan)):
            x.reshape(-1)[[*range(3, 3 + len(strange))]] = strange
            argmax = first_maxima(window, x, dy.shape[2:])
            flat = x.reshape(N, C, -1)
            y = np.take_along_axis(flat, argmax.reshape(N, C, -1), 2).reshape(dy.shape)
            covers = (prod(dy.shape[1:]), N)
            places = np.full(dy.shape, -1, np.int32)
            yield Case([x, unwritten(y.shape, dtype), places, *told], covers, {1: y, 2: argmax})
            yield Case([x, unwritten(y.shape, dtype), NULL, *told], covers, {1: y})


@case("pool2d.max_pool_gradient")
def max_pool_gradient(dtype: np.dtype) -> Iterator[Case]:
    """The diff of each maximum, where it was found."""
    for window, x, dy, told in pooling(dtype):
        _, dx = pool("Max", window, "kernel", x, dy)
        argmax = first_maxima(window, x, dy.shape[2:])
        arguments = [dy, argmax, unwritten(x.shape, dtype), *told]
        yield Case(arguments, (prod(x.shape[1:]), N), {2: dx}, tolerance=10)


@case("pool2d.mean_pool")
def mean_pool(dtype: np.dtype) -> Iterator[Case]:
    """Means by each of the divisors."""
    for window, x, dy, told in pooling(dtype):
        for rule, divisor in enumerate(("kernel", "padded", "valid")):
            y, _ = pool("Mean", window, divisor, x, dy)
            arguments = [x, unwritten(y.shape, dtype), *ints(rule), *told]
            yield Case(arguments, (prod(dy.shape[1:]), N), {1: y}, tolerance=10)


@case("pool2d.mean_pool_gradient")
def mean_pool_gradient(dtype: np.dtype) -> Iterator[Case]:
    """A share of the diff for each element of a window."""
    for window, x, dy, told in pooling(dtype):
        for rule, divisor in enumerate(("kernel", "padded", "valid")):
            _, dx = pool("Mean", window, divisor, x, dy)
            arguments = [dy, unwritten(x.shape, dtype), *ints(rule), *told]
            yield Case(arguments, (prod(x.shape[1:]), N), {1: dx}, tolerance=10)


# --- philox -----------------------------------------------------------------------------

KEY, ITERATION, SAMPLE = 0x0123456789ABCDEF_FEDCBA9876543210, 2**40 + 3, 2**33 + 5


def draws(fill: str, dtype: np.dtype, numbers: int, tolerance: float) -> Iterator[Case]:
    """The blob that the NumPy backend fills."""
    backend = NumpyBackend(1)
    for size in (1, 2, 3, 4, 7, 8, 9, 263):
        blob = backend.empty_blob((N, size), dtype)
        getattr(backend, fill)(KEY, ITERATION, SAMPLE, blob)
        words = [np.uint64(w) for w in (KEY % 2**64, KEY >> 64, ITERATION, SAMPLE)]
        arguments = [unwritten((N, size), dtype), *words, *ints(N, size)]
        covers = (-(-size // numbers), N)
        yield Case(arguments, covers, {0: backend.download(blob)}, tolerance=tolerance)


@case("philox.fill_uniform")
def fill_uniform(dtype: np.dtype) -> Iterator[Case]:
    """Bit for bit those of NumPy."""
    return draws("fill_uniform", dtype, 32 // dtype.itemsize, 0)


@case("philox.fill_normal")
def fill_normal(dtype: np.dtype) -> Iterator[Case]:
    """Those of NumPy, except for rounding."""
    return draws("fill_normal", dtype, 4, 20)


# --- gather -----------------------------------------------------------------------------


@case("gather.gather")
def gather(dtype: np.dtype) -> Iterator[Case]:
    """Elements, some of them several times."""
    flat = random((50,), dtype)
    for n in (1, 33, 300):
        index = np.random.default_rng(n).integers(0, 50, n)
        arguments = [flat, index, unwritten((n,), dtype), np.int64(n)]
        yield Case(arguments, (n, 1), {2: flat[index]})
        yield Case(arguments, (1, 1), {2: flat[index]})  # a grid smaller than the work


@case("gather.scatter")
def scatter(dtype: np.dtype) -> Iterator[Case]:
    """Elements in other places; the rest stays."""
    for n in (1, 33, 300):
        index, values = np.random.default_rng(n).permutation(400)[:n], random((n,), dtype)
        before = random((400,), dtype, seed=1)
        after = before.copy()
        after[index] = values
        arguments = [before, index, values, np.int64(n)]
        yield Case(arguments, (n, 1), {0: after})
        yield Case(arguments, (1, 1), {0: after})


@case("gather.add_rows")
def add_rows(dtype: np.dtype) -> Iterator[Case]:
    """Rows added up: all the same, all different, more than a block at once, wider than one."""
    rng = np.random.default_rng(3)
    for n, n_row, width in ((1, 1, 1), (7, 1, 3), (9, 40, 5), (600, 11, 4), (20, 6, 300)):
        chosen = rng.integers(0, n_row, n)
        place = chosen[:, None] * width + np.arange(width)
        values = random((n, width), dtype)
        table = np.zeros((n_row, width))
        np.add.at(table, chosen, values)
        arguments = [np.zeros((n_row, width), dtype), place, values, *ints(n, width)]
        yield Case(arguments, (0, 0), {0: table}, grid=(n, -(-width // THREADS)))


# --- rounding ---------------------------------------------------------------------------


@case("rounding.to_bfloat16")
def to_bfloat16(dtype: np.dtype) -> Iterator[Case]:
    """Ties both ways, the last number before infinity, subnormal ones, zeros, infinities, NaN."""
    pairs = [
        (0x3F808000, 0x3F80), (0x3F818000, 0x3F82), (0x3F808001, 0x3F81), (0x3F807FFF, 0x3F80),
        (0x7F7F8000, 0x7F80), (0x7F7F7FFF, 0x7F7F), (0x80000000, 0x8000), (0x00000001, 0x0000),
        (0x7F800000, 0x7F80), (0xFF800000, 0xFF80), (0x7FC00000, 0x7FC0), (0x7F800001, 0x7FC0),
        (0xFFFFFFFF, 0x7FC0), (0x0080FFFF, 0x0081), (0x00000000, 0x0000),
    ]  # fmt: skip
    bits = np.array([one for one, _ in pairs], np.uint32)
    wanted = np.array([one for _, one in pairs], np.uint16)
    with np.errstate(invalid="ignore"):
        values = bits.view(np.float32).astype(dtype)
    for covers in (15, 1):
        arguments = [values, np.full(15, 7, np.uint16), np.int64(15)]
        yield Case(arguments, (covers, 1), {1: wanted})


@dataclass
class Outcome:
    """What a launch wrote, beside what it should have."""

    wrong: list[str] = field(default_factory=list)

    def compare(self, where: str, found: np.ndarray, case: Case, place: int) -> None:
        """Note an argument that is not what it should be."""
        wanted = case.expected[place]
        if found.dtype.kind != "f" or not case.tolerance:
            same = np.array_equal(
                found, wanted.astype(found.dtype), equal_nan=found.dtype.kind == "f"
            )
        else:
            atol = case.tolerance * np.finfo(found.dtype).eps * max(1.0, np.abs(wanted).max())
            same = np.allclose(found, wanted, rtol=0, atol=atol)
        if not same:
            self.wrong.append(f"{where}: argument {place} is\n{found}\n, not\n{wanted}")
