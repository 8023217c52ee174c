"""Where batches are assembled before a net takes them, and how they get there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from graphnet.blob import Array, storage


class Staging(Protocol):
    """Arrays for one batch on the host, and the transfer from them into the arrays of a net.

    For each batch in turn: :meth:`wait`, fill ``arrays``, :meth:`send`, :meth:`deliver`. Another
    thread may do all but the last.

    Attributes:
        arrays: One for each array of the net, of its shape and dtype.
    """

    arrays: list[np.ndarray]

    def wait(self) -> None:
        """Wait until ``arrays`` may be filled again."""

    def send(self) -> None:
        """Start moving what ``arrays`` hold."""

    def deliver(self) -> None:
        """Write it into the arrays of the net; later computations see it."""


class HostStaging:
    """For a net on the host: its arrays take a copy, when the batch is delivered.

    Args:
        targets: The arrays of the net.
    """

    def __init__(self, targets: Sequence[Array]) -> None:
        self._targets = targets
        self.arrays = [on_host(target) for target in targets]

    def wait(self) -> None:
        """Nothing: what was delivered has been copied."""

    def send(self) -> None:
        """Nothing: the batch is on the host already."""

    def deliver(self) -> None:
        for target, array in zip(self._targets, self.arrays, strict=True):
            np.copyto(target, array, casting="no")


def on_host(array: Array) -> np.ndarray:
    """A new host array of an array's shape and dtype, stored in the same order."""
    if storage(array).flags.c_contiguous:
        stored = np.empty(storage(array).shape, array.dtype)
        return stored.transpose((stored.ndim - 1, *range(stored.ndim - 1)))
    return np.empty(array.shape, array.dtype)
