"""What a pass measures and checks: computed where the arrays are, and read when asked for.

A step that waited for one number from a device would lose more time than it takes to compute. So
losses, statistics and checks of the data stay where they are computed until somebody asks. The
classes here are those of the host: plain numbers, and checks that raise at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

#: A float, or an array without axes on the device, in float64. The usual operators work on it,
#: alone and with floats; ``float()`` fetches it. An ``if`` on it would wait for the device.
Number: TypeAlias = Any
#: Raises the error of a bad batch, given the place of the bad value, the value, and how many
#: batches have come since.
Refuse: TypeAlias = Callable[[tuple[int, ...], float, int], None]


def at_least_one(count: Number) -> Number:
    """A count that can be divided by: 1 in place of 0."""
    return count + (count == 0)


class Sums(Protocol):
    """Weighted sums of numbers, in float64; the sum of the weights is the last."""

    def add(self, weight: Number, numbers: Sequence[Number]) -> None:
        """Add ``weight`` times each number, and the weight."""

    def read(self) -> np.ndarray:
        """All of them, on the host."""

    def write(self, values: np.ndarray) -> None:
        """Put other values in their place."""


class Expectation(Protocol):
    """Something that must be true of every batch."""

    def look(self) -> None:
        """Check the current batch; the error may be left to :meth:`settle`."""

    def settle(self) -> None:
        """Raise the error of the first batch that failed, once."""


class HostSums:
    """Sums as plain numbers.

    Args:
        n: How many, that of the weights included.
    """

    __slots__ = ("_values",)

    def __init__(self, n: int) -> None:
        self._values = [0.0] * n

    def add(self, weight: Number, numbers: Sequence[Number]) -> None:
        values = self._values
        for i, number in enumerate(numbers):
            values[i] += weight * number
        values[-1] += weight

    def read(self) -> np.ndarray:
        return np.array(self._values)

    def write(self, values: np.ndarray) -> None:
        self._values = [float(v) for v in values]


class HostExpectation:
    """An expectation that is checked at once; its arguments are those of the contract."""

    def __init__(self, flags: np.ndarray, values: np.ndarray, refuse: Refuse) -> None:
        self._flags, self._values, self._refuse = flags, values, refuse

    def look(self) -> None:
        flags = self._flags
        if np.count_nonzero(flags) < flags.size:  # a fifth of the time of all()
            place = tuple(np.argwhere(~flags)[0].tolist())
            self._refuse(place, float(self._values[place]), 0)

    def settle(self) -> None:
        """Nothing: errors have been raised."""
