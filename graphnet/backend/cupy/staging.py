"""Batches on their way to the GPU: copied while it computes with the previous one."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from graphnet.blob import Array, Shape


class DeviceStaging:
    """One batch in page-locked memory, and its copy on the device.

    A stream of its own copies from one to the other, beside the computation; the stream that
    computes copies from there into the net. Events keep the order: the net takes what has arrived,
    and nothing is overwritten that somebody still reads.

    Args:
        cp: CuPy, or what stands in for it.
        stream: For the copies; non-blocking, and shared by those who stage batches in turn.
        targets: The arrays of the net.
    """

    def __init__(self, cp: Any, stream: Any, targets: Sequence[Array]) -> None:
        self._cp, self._stream, self._targets = cp, stream, targets
        self._device = cp.cuda.Device()  # which a new thread does not inherit
        self.arrays = [pinned(cp, t.shape, t.dtype) for t in targets]
        self._arrived = [cp.empty(t.shape, t.dtype) for t in targets]
        self._sent = cp.cuda.Event(block=True, disable_timing=True)
        self._taken = cp.cuda.Event(disable_timing=True)
        # memory that CuPy reuses may still be written by the stream that had it before ...
        self._taken.record(cp.cuda.get_current_stream())
        # ... and must not be reused by another while a copy is under way
        weakref.finalize(self, self._sent.synchronize)

    def wait(self) -> None:
        self._sent.synchronize()  # at once where nothing has been sent

    def send(self) -> None:
        with self._device:
            self._stream.wait_event(self._taken)
            for there, array in zip(self._arrived, self.arrays, strict=True):
                there.set(array, stream=self._stream)
            self._sent.record(self._stream)

    def deliver(self) -> None:
        computes = self._cp.cuda.get_current_stream()
        computes.wait_event(self._sent)
        for target, there in zip(self._targets, self._arrived, strict=True):
            self._cp.copyto(target, there)
        self._taken.record(computes)


def pinned(cp: Any, shape: Shape, dtype: np.dtype) -> np.ndarray:
    """A host array in page-locked memory, from which the device copies by itself."""
    n_bytes = prod(shape) * dtype.itemsize
    memory = cp.cuda.alloc_pinned_memory(max(1, n_bytes))
    return np.frombuffer(memory, dtype, prod(shape)).reshape(shape)
