"""ParamAverage: a moving average of the params that learn, kept along with a run."""

from __future__ import annotations

from typing import Any

from graphnet.blob import Array
from graphnet.params.param import ParamStore
from graphnet.solver.methods.base import BlockScratch

#: Its name among the histories of a method, in snapshots.
EMA = "ema"


class ParamAverage:
    """``A ← A + (1 − decay) · (W − A)`` after each update; W after the first.

    Attributes:
        values: Flat, as the learning params lie in the store.

    Args:
        store: The params.
        decay: Between 0 and 1.
    """

    def __init__(self, store: ParamStore, decay: float) -> None:
        self._backend, self._decay = store.backend, decay
        self._params = store.data[: store.diff.size]
        self.values: Array = self._backend.zeros((store.diff.size,), store.dtype)
        self._kept: Array | None = None
        self._scratch = BlockScratch()
        self._move = self._backend.elementwise(self._step, self.values, self._params)
        self._begin = self._backend.elementwise(_assign, self.values, self._params)
        self._use = self._backend.elementwise(_assign, self._params, self.values)

    def update(self, t: int) -> None:
        """Take in the params of update ``t``, counted from 1."""
        if t == 1:
            self._begin()
        else:
            self._move()

    def exchange(self, *, is_used: bool) -> None:
        """Put the average in the place of the params, or these back as they were, bit for bit."""
        if is_used == (self._kept is not None):
            return
        if self._kept is None:
            self._kept = self._backend.zeros(self._params.shape, self._params.dtype)
            self._backend.elementwise(_assign, self._kept, self._params)()
            self._use()
        else:
            self._backend.elementwise(_assign, self._params, self._kept)()
            self._kept = None

    def _step(self, xp: Any, average: Array, params: Array) -> None:
        scratch = self._scratch.like(xp, average)
        xp.subtract(params, average, out=scratch)
        xp.multiply(scratch, 1 - self._decay, out=scratch)
        xp.add(average, scratch, out=average)


def _assign(xp: Any, target: Array, source: Array) -> None:
    xp.copyto(target, source)
