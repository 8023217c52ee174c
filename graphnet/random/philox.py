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


def words(key: int, rows: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Four random 64-bit words for each sample.

    Args:
        key: 128 bits.
        rows: Of the source, ``(n,)``.
        epochs: In which each row is delivered, ``(n,)``.

    Returns:
        ``(4, n)`` uint64.
    """
    low, high = key % _WORD, key // _WORD
    # NumPy's generator counts up before it draws, so its first block has 1 in the first word
    a, d = np.ones(rows.shape, np.uint64), np.zeros(rows.shape, np.uint64)
    b, c = rows.astype(np.uint64), epochs.astype(np.uint64)
    for _ in range(10):
        high_a, low_a = _multiply(a, _MULTIPLIERS[0])
        high_c, low_c = _multiply(c, _MULTIPLIERS[1])
        a, b, c, d = high_c ^ b ^ np.uint64(low), low_c, high_a ^ d ^ np.uint64(high), low_a
        low, high = (low + _WEYL[0]) % _WORD, (high + _WEYL[1]) % _WORD
    return np.stack((a, b, c, d))


def uniforms(key: int, rows: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Four numbers in [0, 1) for each sample: ``(4, n)`` float64."""
    return (words(key, rows, epochs) >> np.uint64(11)) * 2.0**-53


def _multiply(x: np.ndarray, by: np.uint64) -> tuple[np.ndarray, np.ndarray]:
    """The high and the low word of a 128-bit product, from products of 32-bit halves."""
    x_low, x_high = x & _LOW, x >> _HALF
    by_low, by_high = by & _LOW, by >> _HALF
    low = x_low * by_low
    middle = x_high * by_low + (low >> _HALF)
    other = x_low * by_high + (middle & _LOW)
    return x_high * by_high + (middle >> _HALF) + (other >> _HALF), x * by
