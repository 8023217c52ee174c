"""Random numbers that depend on what they are for, not on when or where they are drawn.

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

Another implementation can so draw the same uniforms bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from graphnet.blob import Array, rows

#: Samples drawn at a time, and most elements: what is drawn lies across how blobs are stored.
BLOCK_SAMPLES, BLOCK_ELEMENTS = 16, 2**16

_WORD = 2**64
_WORDS_PER_BLOCK = 4


class SampleStreams:
    """The streams of successive samples, one after another.

    Args:
        key: 128 bits.
        iteration: Third word of the counter.
        sample: The first sample.
    """

    def __init__(self, key: int, iteration: int, sample: int) -> None:
        # NumPy's Philox counts before it computes, hence the one less
        start = (iteration * _WORD**2 + sample * _WORD - 1) % _WORD**4
        self._philox = np.random.Philox(key=key, counter=start)
        self._generator = np.random.Generator(self._philox)

    def fill(self, out: np.ndarray) -> None:
        """U[0, 1) into a contiguous float32 or float64 array, from the sample's beginning.

        The next call begins the next sample.
        """
        self._generator.random(out=out, dtype=out.dtype)
        n_words = -(-out.nbytes // 8)
        self._philox.advance(_WORD - -(-n_words // _WORDS_PER_BLOCK))


def fill_uniform(key: int, iteration: int, first_sample: int, out: Array) -> None:
    """U[0, 1) into an array ``(N, …)`` whose row i is sample ``first_sample + i``."""
    streams = SampleStreams(key, iteration, first_sample)
    for block in _blocks(out):
        drawn = np.empty(block.shape, out.dtype)
        for row in drawn:
            streams.fill(row)
        block[...] = drawn


def fill_normal(key: int, iteration: int, first_sample: int, out: Array) -> None:
    """N(0, 1) into an array ``(N, …)`` whose row i is sample ``first_sample + i``."""
    streams = SampleStreams(key, iteration, first_sample)
    for block in _blocks(out):
        n_rows, size = block.shape
        drawn = np.empty((n_rows, -(-size // 2) * 2))
        for row in drawn:
            streams.fill(row)
        radius, angle = drawn[:, ::2], drawn[:, 1::2]
        np.sqrt(-2 * np.log1p(-radius), out=radius)
        angle *= 2 * np.pi
        sine = radius * np.sin(angle)
        np.multiply(radius, np.cos(angle), out=radius)
        angle[...] = sine
        block[...] = drawn[:, :size]


def _blocks(out: Array) -> Iterator[Array]:
    """The rows of ``out`` as ``(n, elements of a sample)``, a few at a time."""
    seen = rows(out) if out.ndim > 1 else out[:, None]
    n = max(1, min(BLOCK_SAMPLES, BLOCK_ELEMENTS // max(1, prod(out.shape[1:]))))
    for start in range(0, len(seen), n):
        yield seen[start : start + n]
