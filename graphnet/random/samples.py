"""Random numbers for the samples of a batch.

Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) turns a
128-bit key and a 256-bit counter into four 64-bit words. Every sample of every iteration has a
stream of its own: its block b = 0, 1, … comes from the counter words (b, sample, iteration, 0),
least significant first. The sample's elements, in C order, take their numbers from the words in
order:

=======  =========================================================================
float32  two per word, its low half first: (half >> 8) · 2⁻²⁴
float64  one per word: (word >> 11) · 2⁻⁵³
normal   two per pair of float64 uniforms u, v, in either precision (Box and Muller, 1958):
         r cos 2πv, then r sin 2πv, where r = √(−2 ln(1 − u))
=======  =========================================================================

So another implementation can draw the same uniforms bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from graphnet.blob import Array, Shape
from graphnet.random import philox

#: Samples and elements drawn at a time, at most: they are drawn in scratch, since blobs may be
#: stored otherwise.
BLOCK_SAMPLES, BLOCK_ELEMENTS = 16, 2**16
#: Setting NumPy's generator to a sample takes as long as :data:`SHORT` of many blocks that are
#: computed side by side. So short samples are drawn together, up to so many blocks.
SHORT, MANY, TOGETHER = 8, 128, 1024

_WORD = 2**64
_WORDS_PER_BLOCK = 4


class SampleStreams:
    """The uniforms of successive samples.

    Args:
        key: 128 bits.
        iteration: Third word of the counter.
        sample: The first sample.
        scratch: For samples that are drawn together.
    """

    def __init__(
        self, key: int, iteration: int, sample: int, scratch: Scratch | None = None
    ) -> None:
        # NumPy's Philox counts up before it computes, hence one less
        start = (iteration * _WORD**2 + sample * _WORD - 1) % _WORD**4
        self._key, self._iteration, self._sample = key, iteration, sample
        self._scratch = scratch or Scratch()
        self._philox = np.random.Philox(key=key, counter=start)
        self._random = np.random.Generator(self._philox).random

    def draw(self, out: np.ndarray) -> None:
        """U[0, 1) into the rows of a C-contiguous float32 or float64 array, a sample each."""
        n_blocks = _n_blocks(out)
        if n_blocks <= SHORT and len(out) >= MANY:
            self._draw_together(out, n_blocks)
            self._philox.advance(len(out) * _WORD)
        else:
            for row in out:
                self._random(None, out.dtype, row)
                self._philox.advance(_WORD - n_blocks)
        self._sample += len(out)

    def _draw_together(self, out: np.ndarray, n_blocks: int) -> None:
        """All rows at once, of few blocks each."""
        n, words_per_row = len(out), n_blocks * _WORDS_PER_BLOCK
        n_counters = n * n_blocks
        shapes = [
            (n, n_blocks),
            (4, n_counters),
            (philox.SCRATCH_ROWS, n_counters),
            (n, words_per_row),
        ]
        samples, counters, scratch, words = self._scratch.arrays(shapes, np.dtype(np.uint64))
        carry, sample = divmod(self._sample, _WORD)
        samples[...] = np.arange(n, dtype=np.uint64)[:, np.newaxis]
        np.add(samples, np.uint64(sample), out=samples)  # from 0 again beyond a word
        of_blocks = counters.reshape(4, n, n_blocks)
        of_blocks[0] = np.arange(n_blocks, dtype=np.uint64)
        of_blocks[1] = samples
        of_blocks[2] = np.uint64(self._iteration + carry)
        of_blocks[2, _WORD - sample :] += np.uint64(1)
        of_blocks[3] = 0
        by_block = words.reshape(n_counters, _WORDS_PER_BLOCK)
        for place, made in enumerate(philox.blocks(self._key, counters, scratch)):
            by_block[:, place] = made
        halves = words.view(np.uint32)
        drawn, unused = (words, 11) if out.itemsize == words.itemsize else (halves, 8)
        np.right_shift(drawn, drawn.dtype.type(unused), out=drawn)
        np.copyto(out, drawn[:, : out.shape[1]], casting="unsafe")  # exact
        np.multiply(out, out.dtype.type(2.0 ** (unused - 8 * out.itemsize)), out=out)


class Scratch:
    """Memory for one draw at a time, kept from one to the next."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    @cached_property
    def of_streams(self) -> Scratch:
        """That of the streams that are drawn from meanwhile."""
        return Scratch()

    def arrays(self, shapes: Sequence[Shape], dtype: np.dtype) -> list[np.ndarray]:
        """Arrays of these shapes one after another, with arbitrary contents."""
        ends = list(accumulate(map(prod, shapes)))
        if self._memory.nbytes < ends[-1] * dtype.itemsize:
            self._memory = np.empty(ends[-1] * dtype.itemsize, np.uint8)
        flat = self._memory[: ends[-1] * dtype.itemsize].view(dtype)
        return [
            flat[end - prod(shape) : end].reshape(shape)
            for shape, end in zip(shapes, ends, strict=True)
        ]


def fill_uniform(
    key: int, iteration: int, first_sample: int, out: np.ndarray, scratch: Scratch
) -> None:
    """U[0, 1) into ``out`` ``(N, elements)``, whose row i is sample ``first_sample + i``."""
    for target, drawn in _uniforms(key, iteration, first_sample, out, scratch):
        target[...] = drawn


def fill_mask(
    ratio: float,
    scale: float,
    key: int,
    iteration: int,
    first_sample: int,
    out: np.ndarray,
    scratch: Scratch,
) -> None:
    """``scale`` where :func:`fill_uniform`'s number is at least ``ratio``, else 0."""
    for target, drawn in _uniforms(key, iteration, first_sample, out, scratch):
        make_mask(np, drawn, ratio, scale)
        target[...] = drawn


def make_mask(xp: Any, u: Array, ratio: float, scale: float) -> None:
    """In place of numbers in [0, 1): ``scale`` where they are at least ``ratio``, else 0."""
    xp.subtract(u, ratio, out=u)
    xp.floor(u, out=u)  # 0 to keep, −1 to drop
    xp.add(u, 1.0, out=u)
    if scale != 1:
        xp.multiply(u, scale, out=u)


def fill_normal(
    key: int, iteration: int, first_sample: int, out: np.ndarray, scratch: Scratch
) -> None:
    """N(0, 1) into ``out`` ``(N, elements)``, whose row i is sample ``first_sample + i``."""
    streams = SampleStreams(key, iteration, first_sample, scratch.of_streams)
    size = out.shape[1]
    n_pairs = -(-size // 2)
    n_rows = _rows_at_a_time(out, 2 * n_pairs)
    shapes = [(n_rows, 2 * n_pairs), *[(n_rows, n_pairs)] * 3]
    arrays = scratch.arrays(shapes, np.dtype(np.float64))
    for target in _blocks(out, n_rows):
        drawn, radius, angle, cosine = (array[: len(target)] for array in arrays)
        streams.draw(drawn)
        np.subtract(1, drawn[:, ::2], out=radius)  # exact, and never 0
        np.multiply(drawn[:, 1::2], 2 * np.pi, out=angle)
        np.log(radius, out=radius)
        np.multiply(radius, -2, out=radius)
        np.sqrt(radius, out=radius)
        np.cos(angle, out=cosine)
        np.multiply(radius, cosine, out=drawn[:, ::2])
        np.multiply(radius, np.sin(angle, out=angle), out=drawn[:, 1::2])
        target[...] = drawn[:, :size]


def _uniforms(
    key: int, iteration: int, first_sample: int, out: np.ndarray, scratch: Scratch
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A few rows of ``out`` and their numbers, which lie in a row: then the next few."""
    streams = SampleStreams(key, iteration, first_sample, scratch.of_streams)
    n_rows = _rows_at_a_time(out, out.shape[1])
    (drawn_rows,) = scratch.arrays([(n_rows, out.shape[1])], out.dtype)
    for target in _blocks(out, n_rows):
        drawn = drawn_rows[: len(target)]
        streams.draw(drawn)
        yield target, drawn


def _n_blocks(rows: np.ndarray) -> int:
    """Of each row's stream."""
    n_words = -(-int(rows.shape[1]) * rows.itemsize // 8)
    return -(-n_words // _WORDS_PER_BLOCK)


def _rows_at_a_time(out: np.ndarray, width: int) -> int:
    n_blocks = max(1, _n_blocks(out))
    short = n_blocks <= SHORT and len(out) >= MANY
    most = TOGETHER // n_blocks if short else BLOCK_SAMPLES
    return max(1, min(most, BLOCK_ELEMENTS // max(1, width), len(out)))


def _blocks(out: np.ndarray, n_rows: int) -> Iterator[np.ndarray]:
    """The rows of ``out``, a few at a time."""
    return (out[start : start + n_rows] for start in range(0, len(out), n_rows))
