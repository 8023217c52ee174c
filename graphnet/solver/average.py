"""Averages of the params that learn, kept along with a run: moving, plain, or a method's own."""

from __future__ import annotations

from typing import Any

from graphnet.backend.calls import assign
from graphnet.blob import Array
from graphnet.declare.fields import Model, PositiveInt
from graphnet.params.param import ParamStore
from graphnet.solver.methods.base import BlockScratch

#: The names among the histories of a method, in snapshots, under which averages are kept: the
#: moving one, the plain one, and a method's own.
EMA, SWA, OF_METHOD = "ema", "swa", "average"
AVERAGES = (EMA, SWA, OF_METHOD)


class Averaged(Model):
    """Which params a plain average is taken of.

    Args:
        start: The update whose params are the first.
        every: After how many updates each of the others comes. Default 1.
    """

    start: PositiveInt
    every: PositiveInt = 1


class ParamAverage:
    """An average that takes the place of the params when it is asked for.

    Attributes:
        values: Flat, as the learning params lie in the store.

    Args:
        store: The params.
        values: Those that a method keeps. Default: its own.
    """

    def __init__(self, store: ParamStore, values: Array | None = None) -> None:
        self._backend = store.backend
        self._params = store.data[: store.diff.size]
        n = store.diff.size
        self.values: Array = self._backend.zeros((n,), store.dtype) if values is None else values
        self._kept: Array | None = None
        self._use = self._backend.elementwise(assign, self._params, self.values)
        self._begin = self._backend.elementwise(assign, self.values, self._params)

    def update(self, t: int) -> None:
        """Take in the params of update ``t``, counted from 1; here the method has done it."""

    def exchange(self, *, is_used: bool) -> None:
        """Put the average in the place of the params, or these back as they were, bit for bit."""
        if is_used == (self._kept is not None):
            return
        if self._kept is None:
            self._kept = self._backend.zeros(self._params.shape, self._params.dtype)
            self._backend.elementwise(assign, self._kept, self._params)()
            self._use()
        else:
            self._backend.elementwise(assign, self._params, self._kept)()
            self._kept = None


class MovingAverage(ParamAverage):
    """``A ← A + part · (W − A)`` after an update; W where the average begins.

    Args:
        store: The params.
    """

    def __init__(self, store: ParamStore) -> None:
        super().__init__(store)
        self._scratch, self._part = BlockScratch(self._backend), 0.0
        self._move = self._backend.elementwise(self._step, self.values, self._params)

    def _take(self, part: float) -> None:
        """Go a part of the way to the params."""
        self._part = part
        self._move()

    def _step(self, xp: Any, average: Array, params: Array) -> None:
        scratch = self._scratch.like(xp, average)
        xp.subtract(params, average, out=scratch)
        xp.multiply(scratch, self._part, out=scratch)
        xp.add(average, scratch, out=average)


class ExponentialAverage(MovingAverage):
    """``A ← A + (1 − decay) · (W − A)`` after each update; W after the first.

    Args:
        store: The params.
        decay: Between 0 and 1.
    """

    def __init__(self, store: ParamStore, decay: float) -> None:
        super().__init__(store)
        self._decay = decay

    def update(self, t: int) -> None:
        """Move by 1 − decay of the way to the params of update ``t``."""
        if t == 1:
            self._begin()
        else:
            self._take(1 - self._decay)


class PlainAverage(MovingAverage):
    """The mean of W after update ``start`` and after each ``every`` further ones; W until then.

    Args:
        store: The params.
        of: Which params it is taken of.
    """

    def __init__(self, store: ParamStore, of: Averaged) -> None:
        super().__init__(store)
        self._of = of

    def update(self, t: int) -> None:
        """Take in the params of update ``t``, if they are among those averaged."""
        after = t - self._of.start
        if after <= 0:
            self._begin()
        elif after % self._of.every == 0:
            self._take(1 / (after // self._of.every + 1))
