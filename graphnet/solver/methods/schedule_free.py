"""What the schedule-free methods share: two sequences, and the point between them that learns."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from graphnet.blob import Array
from graphnet.declare.fields import NonNegativeInt
from graphnet.solver.methods.base import Method, Rates


class ScheduleFree(Method):
    """A method whose average is kept along with it, in place of a rate that falls."""

    average: ClassVar[str] = "average"

    beta1: Annotated[float, Field(gt=0, lt=1)] = 0.9
    warmup: NonNegativeInt = 0

    def factor(self, t: int) -> float:
        """What the rate of update ``t`` is multiplied by."""
        return min(1.0, t / self.warmup) if self.warmup else 1.0

    def weight(self, t: int) -> float:
        """The weight of update ``t`` in the average: its factor², of the sum of all until then."""
        n = self.warmup
        if t <= n:
            return 6 * t / ((t + 1) * (2 * t + 1))
        return 1 / ((n + 1) * (2 * n + 1) / (6 * n) + t - n) if n else 1 / t

    def begin(self, xp: Any, rates: Rates, w: Array, base: Array, average: Array) -> None:
        """Both sequences start at the params."""
        if rates.t == 1:
            xp.copyto(base, w)
            xp.copyto(average, w)

    def mix(self, xp: Any, rates: Rates, w: Array, base: Array, average: Array) -> None:
        """The average takes in the base, and the params are the point between."""
        scratch = rates.scratch.like(xp, w)
        xp.subtract(base, average, out=scratch)
        xp.multiply(scratch, self.weight(rates.t), out=scratch)
        xp.add(average, scratch, out=average)
        xp.subtract(average, base, out=scratch)
        xp.multiply(scratch, self.beta1, out=scratch)
        xp.add(base, scratch, out=w)
