"""Measures and expectations on the GPU, for which the host does not wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.backend.cupy.kernels import NULL, Kernels, blocks_for
from graphnet.backend.measures import Number, Refuse
from graphnet.blob import Array

_DOUBLE = np.dtype(np.float64)
#: Numbers that one launch adds.
MOST_NUMBERS = 3
#: The most blocks that products are added up in. How many there are depends on the size alone, and
#: with it the order of the sum.
PRODUCT_BLOCKS = 256


class DeviceSums:
    """Sums on the device; adding a few numbers to them is one launch.

    Args:
        cp: CuPy, or what stands in for it.
        n: How many, that of the weights included.
    """

    __slots__ = ("_cp", "_kernels", "_values")

    def __init__(self, cp: Any, n: int) -> None:
        self._cp, self._kernels = cp, Kernels(cp)
        self._values = cp.zeros(n, _DOUBLE)

    def add(self, weight: Number, numbers: Sequence[Number]) -> None:
        if len(numbers) > MOST_NUMBERS:
            for total, addend in zip(
                self._values, [*(weight * n for n in numbers), weight], strict=True
            ):
                self._cp.add(total, addend, out=total)
            return
        there = self._on_device(numbers)
        padded = (*there, *[NULL] * (MOST_NUMBERS - len(there)))
        if isinstance(weight, int | float):
            weights: tuple[Any, ...] = (np.float64(weight), NULL)
        else:
            weights = (np.float64(0), *self._on_device([weight]))
        arguments = (self._values, len(there), *weights, *padded)
        self._kernels.bind("measures.add_measures", _DOUBLE, (1, 1), arguments, threads=1)()

    def _on_device(self, numbers: Sequence[Number]) -> list[Array]:
        """The numbers as arrays of float64."""
        return [
            self._cp.full((), n, _DOUBLE)
            if isinstance(n, int | float)
            else n.astype(_DOUBLE, copy=False)
            for n in numbers
        ]

    def read(self) -> np.ndarray:
        return np.asarray(self._values.get())

    def write(self, values: np.ndarray) -> None:
        self._values.set(np.ascontiguousarray(values, _DOUBLE))


class ProductSum:
    """Σ a · b of flat arrays, in float64; it stays on the device.

    Args:
        cp: CuPy, or what stands in for it.
    """

    def __init__(self, cp: Any) -> None:
        self._cp, self._kernels = cp, Kernels(cp)
        self._parts = cp.zeros(PRODUCT_BLOCKS, _DOUBLE)

    def __call__(self, a: Array, b: Array) -> Number:
        """The sum, in memory of its own."""
        # a block more would find no element of its own
        n_blocks = max(1, min(PRODUCT_BLOCKS, blocks_for(a.size)))
        parts = self._parts[:n_blocks]
        arguments = (a, b, parts, np.int64(a.size))
        self._kernels.bind("measures.add_products", a.dtype, (n_blocks, 1), arguments)()
        return parts.sum()


class DeviceExpectation:
    """An expectation whose first failure is noted on the device until it is settled.

    Args:
        cp: CuPy, or what stands in for it.
        flags: As in the contract, like the others.
        values: What the flags were made from.
        refuse: Raises the error.
    """

    def __init__(self, cp: Any, flags: Array, values: Array, refuse: Refuse) -> None:
        self._cp, self._flags, self._refuse = cp, flags, refuse
        #: the place of the failure, or −1; the look that found it; how many looks there have been
        self._noted, self._value = cp.zeros(3, np.int64), cp.zeros(1, _DOUBLE)
        self._noted[:1] = -1
        arguments = (flags, values, self._noted, self._value, np.int64(flags.size))
        self.look = Kernels(cp).bind("measures.note_false", values.dtype, (1, 1), arguments)

    def settle(self) -> None:
        place, look, n_looks = self._noted.get().tolist()
        if place >= 0:
            self._noted[:1] = -1
            where = tuple(int(i) for i in np.unravel_index(place, self._flags.shape))
            self._refuse(where, float(self._value.get()[0]), n_looks - 1 - look)
