"""Policy: what learning-rate and momentum policies share.

A policy is a pure function of time. It is frozen and holds no state, so it can be printed,
plotted, compared and resumed at any point. Update t = 1, 2, … uses ``value_at(t)``; with
``unit: epoch``, t is the number of epochs completed before the update (0, 1, …).
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from math import cos, pi
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from graphnet.declare.fields import Model, PositiveInt


class Policy(Model):
    """A number as a function of time.

    Args:
        unit: What ``t`` and every length in the policy count: ``iter`` (default) or ``epoch``.
    """

    chosen_by_type: ClassVar[bool] = True

    unit: Literal["iter", "epoch"] = "iter"

    @classmethod
    def subject_of(cls, values: Mapping[str, Any]) -> str:  # noqa: ARG003  # what it is called
        """How a message about it begins: with its YAML type."""
        kind = cls.model_fields.get("type")
        return f"{cls.__name__ if kind is None else kind.default}: "

    @abstractmethod
    def value_at(self, t: int) -> float:
        """The value at ``t`` in the policy's unit."""

    def value(self, t: int, epoch: int) -> float:
        """The value for update ``t``, begun after ``epoch`` completed epochs."""
        return self.value_at(self.clock(t, epoch))

    def clock(self, t: int, epoch: int) -> int:
        """The time in the policy's unit: the update ``t``, from 1, or the ``epoch``, from 0."""
        return epoch if self.unit == "epoch" else t


class PolicyStage(Model):
    """A part of a staged policy; subclasses add ``policy``.

    Args:
        length: How long it lasts, in the staged policy's unit. The last stage may leave it out.
    """

    length: PositiveInt | None = None


class StagedPolicy(Policy):
    """One policy after another; update ``t`` is in stage k while ``t`` < the lengths up to it.

    Args:
        stages: In order; subclasses say what they hold.
    """

    type: Literal["Staged"] = "Staged"
    stages: tuple[Any, ...]

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if not self.stages:
            raise ValueError("stages: expected at least one")
        for i, stage in enumerate(self.stages[:-1]):
            if stage.length is None:
                raise ValueError(
                    f"stages[{i}]: missing key 'length'; only the last may leave it out"
                )
        return self

    def value_at(self, t: int) -> float:
        """The present stage's value, with ``t`` as iteration and as epoch."""
        return self.value(t, t)

    def value(self, t: int, epoch: int) -> float:
        """The present stage's value."""
        ends = list(accumulate(stage.length or 0 for stage in self.stages[:-1]))
        stage = self.stages[bisect_right(ends, self.clock(t, epoch))]
        return float(stage.policy.value(t, epoch))


def one_cycle(done: float, rise: float, start: float, top: float, end: float) -> float:
    """From ``start`` to ``top`` and on to ``end``, along half a cosine each.

    Args:
        done: How much of the cycle is over, from 0 to 1; after it the value stays.
        rise: The part of the cycle at whose end the value is ``top``.
        start: The value at 0.
        top: The value at ``rise``.
        end: The value at 1.
    """
    if done < rise:
        before, after, part = start, top, done / rise
    else:
        before, after, part = top, end, min((done - rise) / (1 - rise), 1.0)
    return after + (before - after) * 0.5 * (1 + cos(pi * part))


def raised(base: float, exponent: float) -> float:
    """``base ** exponent`` for base ≥ 0, infinite where Python would raise OverflowError."""
    try:
        return float(base**exponent)
    except OverflowError:
        return float("inf")
