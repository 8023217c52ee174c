"""What learning-rate and momentum policies share: a value as a pure function of time.

A policy is frozen and holds no state, so that it can be printed, plotted, compared and resumed
at any point. Update t = 1, 2, … uses ``value_at(t)``; with ``unit: epoch``, t is the number of
epochs completed before the update (0, 1, …).
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal, Protocol, TypeVar

from graphnet.fields import Model


class Policy(Model):
    """A number as a function of time.

    Args:
        unit: What ``t`` and every length in the policy count: ``iter`` (default) or ``epoch``.
    """

    unit: Literal["iter", "epoch"] = "iter"

    @abstractmethod
    def value_at(self, t: int) -> float:
        """The value at ``t`` in the policy's unit."""

    def value(self, t: int, epoch: int) -> float:
        """The value for update ``t``, begun after ``epoch`` completed epochs."""
        return self.value_at(self.clock(t, epoch))

    def clock(self, t: int, epoch: int) -> int:
        """The time in the policy's unit."""
        return epoch if self.unit == "epoch" else t


class HasLength(Protocol):
    """A stage of a staged policy."""

    @property
    def length(self) -> int | None:
        """How long it lasts."""


S = TypeVar("S", bound=HasLength)


def stage_at(stages: Sequence[S], t: int) -> S:
    """The stage that ``t`` falls in: stage k ends where the lengths up to it add up to ``t``."""
    ends = list(accumulate(stage.length or 0 for stage in stages[:-1]))
    return stages[bisect_right(ends, t)]


def check_lengths(stages: Sequence[HasLength]) -> None:
    """See that each stage but the last has a length.

    Raises:
        ValueError: Otherwise.
    """
    if not stages:
        raise ValueError("stages: expected at least one")
    for i, stage in enumerate(stages[:-1]):
        if stage.length is None:
            raise ValueError(f"stages[{i}]: missing key 'length'; only the last may leave it out")


def raised(base: float, exponent: float) -> float:
    """``base ** exponent`` for base ≥ 0, infinite where Python would raise OverflowError."""
    try:
        return float(base**exponent)
    except OverflowError:
        return float("inf")
