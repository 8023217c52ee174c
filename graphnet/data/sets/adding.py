"""The adding problem: two marked numbers of a long sequence, and their sum at its end.

A step is a number from -1 to 1 and a marker: 1 for the two numbers that are to be added, -1 at both
ends of the sequence, 0 elsewhere. One of the marked numbers is among the first ten, the other in
the first half, so that a net has to keep both for fifty steps and more. Source: Hochreiter &
Schmidhuber 1997, Long short-term memory, experiment 4, whose sequences differ in length by a tenth.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from graphnet.data.sets.draws import Draws

#: Of a sequence.
STEPS = 100
#: Sequences of each split.
ROWS = {"train": 20_000, "test": 2560}
_EARLY = 10


def sequences(n: int, key: int, n_steps: int = STEPS) -> dict[str, np.ndarray]:
    """Make sequences and what they add up to.

    Args:
        n: How many.
        key: Of the random numbers.
        n_steps: Their length, at least 24.

    Returns:
        ``data`` ``(n, n_steps, 2)``, a number and its marker at each step, and ``target`` ``(n,)``,
        ``0.5 + (a + b) / 4`` of the marked numbers a and b, from 0 to 1.
    """
    draws = Draws(key)
    data = np.zeros((n, n_steps, 2), np.float32)
    data[:, :, 0] = 2 * draws.unit((n, n_steps)) - 1
    # the first step, marked as an end, is none of those to be added
    early = 1 + draws.below(_EARLY - 1, (n,))
    other = 1 + draws.below(n_steps // 2 - 2, (n,))
    other += other >= early
    rows = np.arange(n)
    data[:, [0, -1], 1] = -1
    data[rows, early, 1] = data[rows, other, 1] = 1
    marked = data[rows, early, 0].astype(np.float64) + data[rows, other, 0]
    return {"data": data, "target": (0.5 + marked / 4).astype(np.float32)}


@lru_cache(maxsize=1)
def adding() -> dict[str, Mapping[str, np.ndarray]]:
    """The splits: ``data`` ``(n, 100, 2)`` and ``target`` ``(n,)``, float32."""
    splits: dict[str, Mapping[str, np.ndarray]] = {}
    for key, (split, n) in enumerate(ROWS.items()):
        splits[split] = samples = sequences(n, key)
        for array in samples.values():
            array.flags.writeable = False  # it is shared by everyone who asks
    return splits
