"""Random numbers for made sets: of raw words of Philox4x64-10, the same for every NumPy."""

from __future__ import annotations

import numpy as np


class Draws:
    """A stream of random numbers.

    Args:
        key: Two streams of one key are the same.
    """

    def __init__(self, key: int) -> None:
        self._philox = np.random.Philox(key=key)

    def below(self, most: int, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Whole numbers from 0 to ``most`` - 1, int64."""
        words = self._words(shape)
        return (words % np.uint64(most)).astype(np.int64)  # a remainder's bias is below most / 2⁶⁴

    def unit(self, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Numbers from 0 to below 1, float64."""
        return (self._words(shape) >> np.uint64(11)) * 2.0**-53

    def _words(self, shape: tuple[int, ...]) -> np.ndarray:
        n = int(np.prod(shape, dtype=np.int64))
        return np.asarray(self._philox.random_raw(n), np.uint64).reshape(shape)
