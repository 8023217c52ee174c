"""Random numbers that belong to a sample: functions of (key, row, epoch), for many at once.

Philox4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), the same
words as ``numpy.random.Philox(key=key, counter=[0, row, epoch, 0])`` draws.
"""

from __future__ import annotations

import numpy as np

_MULTIPLIERS = (np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157))
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_WORD = 2**64
#: Rows of scratch that :func:`blocks` needs.
SCRATCH_ROWS = 5


def words(key: int, rows: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Four random 64-bit words for each sample.

    Args:
        key: 128 bits.
        rows: Of the source, ``(n,)``.
        epochs: In which each row is delivered, ``(n,)``.

    Returns:
        ``(4, n)`` uint64.
    """
    counters = np.empty((4, len(rows)), np.uint64)
    scratch = np.empty((SCRATCH_ROWS, len(rows)), np.uint64)
    # NumPy's generator counts up before it draws, so its first block has 1 in the first word
    counters[0], counters[1], counters[2], counters[3] = 1, rows, epochs, 0
    return np.stack(blocks(key, counters, scratch))


def blocks(key: int, counters: np.ndarray, scratch: np.ndarray) -> tuple[np.ndarray, ...]:
    """What Philox makes of counters; nothing is allocated.

    Args:
        key: 128 bits.
        counters: ``(4, n)`` uint64, the least significant word first; written over.
        scratch: ``(SCRATCH_ROWS, n)`` uint64, written over.

    Returns:
        The four words of each counter, ``(n,)`` each: rows of ``counters`` and ``scratch``.
    """
    low, high = key % _WORD, key // _WORD
    a, b, c, d = counters
    of_a, of_c, *others = scratch
    for _ in range(10):
        _high_words(a, _MULTIPLIERS[0], of_a, others)
        _high_words(c, _MULTIPLIERS[1], of_c, others)
        np.multiply(a, _MULTIPLIERS[0], out=a)
        np.multiply(c, _MULTIPLIERS[1], out=c)
        for word, other, part in ((of_c, b, low), (of_a, d, high)):
            np.bitwise_xor(word, other, out=word)
            np.bitwise_xor(word, np.uint64(part), out=word)
        a, b, c, d, of_a, of_c = of_c, c, of_a, a, b, d
        low, high = (low + _WEYL[0]) % _WORD, (high + _WEYL[1]) % _WORD
    return a, b, c, d


def uniforms(key: int, rows: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Four numbers in [0, 1) for each sample: ``(4, n)`` float64."""
    return (words(key, rows, epochs) >> np.uint64(11)) * 2.0**-53


def _high_words(x: np.ndarray, by: np.uint64, out: np.ndarray, scratch: list[np.ndarray]) -> None:
    """The high words of 128-bit products, from products of 32-bit halves."""
    x_low, low, middle = scratch
    by_low, by_high = by & _LOW, by >> _HALF
    np.bitwise_and(x, _LOW, out=x_low)
    np.right_shift(x, _HALF, out=out)
    np.multiply(x_low, by_low, out=low)
    np.multiply(out, by_low, out=middle)
    np.right_shift(low, _HALF, out=low)
    np.add(middle, low, out=middle)
    np.bitwise_and(middle, _LOW, out=low)
    np.multiply(x_low, by_high, out=x_low)
    np.add(x_low, low, out=x_low)
    np.multiply(out, by_high, out=out)
    for part in (middle, x_low):
        np.right_shift(part, _HALF, out=part)
        np.add(out, part, out=out)
