"""The settings a sweep tries: parsed from ``KEY=VALUES``, crossed or drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, isfinite, log, prod
from typing import Any, TypeAlias

import numpy as np

from graphnet.declare.overrides import Override, parse_override
from graphnet.declare.yaml_reader import parse_value
from graphnet.errors import SpecError
from graphnet.random.keys import stream_key

#: By key path, what is set.
TrialSettings: TypeAlias = dict[str, Any]
_LOG = "log:"
#: More trials than this are a mistake.
MOST_TRIALS = 100_000
#: Numbers that are drawn have so many digits, so that they can be read and typed.
_DIGITS = 6


@dataclass(frozen=True)
class SweepAxis:
    """What one key may be.

    Attributes:
        key: The path, as ``--set`` takes it.
        values: The values it may have; empty for a range.
        low: The least value of a range.
        high: The greatest.
        is_log: Whether equal factors are equally likely.
    """

    key: str
    values: tuple[Any, ...] = ()
    low: float = 0
    high: float = 0
    is_log: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether a range is one of whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def drawn(self, rng: np.random.Generator) -> Any:
        """A value at random."""
        if self.values:
            return self.values[int(rng.integers(len(self.values)))]
        if self.is_whole and not self.is_log:
            return int(rng.integers(int(self.low), int(self.high) + 1))
        if self.is_log:
            value = exp(rng.uniform(log(self.low), log(self.high)))
        else:
            value = float(rng.uniform(self.low, self.high))
        if self.is_whole:
            return min(max(round(value), int(self.low)), int(self.high))
        return min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)


def parse_axis(option: str, text: str, *, ranges: bool) -> SweepAxis:
    """The axis of ``--grid KEY=a,b`` or ``--random KEY=low..high``.

    Args:
        option: Its name, for messages.
        text: What it says.
        ranges: Whether ``low..high`` and ``log:low..high`` are ranges.

    Raises:
        SpecError: If it says something else.
    """
    key, equals, given = text.partition("=")
    if not equals or not key.strip() or not given.strip():
        raise SpecError(f"{option} {text}: expected KEY.PATH=VALUE,VALUE,…")
    key = key.strip()
    if key.split(".")[0] == "exp_dir":
        raise SpecError(f"{option} {text}: each trial has a directory of its own\n  leave it out")
    if ".." in given:
        if not ranges:
            raise SpecError(
                f"{option} {text}: a grid has values, and a range has none"
                f"\n  list them ({key}=a,b,c), or draw from the range: --random {text}"
            )
        return _range(option, text, key, given.strip())
    try:
        values = parse_value(f"[{given}]")
    except SpecError as error:
        raise SpecError(f"{option} {text}: {error.problems[0].message}") from None
    if len({repr(value) for value in values}) < len(values):
        raise SpecError(f"{option} {text}: a value is there twice")
    return SweepAxis(key, tuple(values))


def _range(option: str, text: str, key: str, given: str) -> SweepAxis:
    is_log = given.startswith(_LOG)
    low, high = map(parse_value, given.removeprefix(_LOG).split("..", 1))
    numbers = all(
        isinstance(end, int | float) and not isinstance(end, bool) and isfinite(end)
        for end in (low, high)
    )
    if not numbers or not low < high:
        raise SpecError(
            f"{option} {text}: expected two numbers, the lower one first: {key}=0.001..0.1"
        )
    if is_log and low <= 0:
        raise SpecError(f"{option} {text}: on a logarithmic scale numbers are above 0")
    return SweepAxis(key, (), low, high, is_log)


def check_axes(axes: Sequence[SweepAxis], option: str) -> None:
    """See that no key is there twice.

    Raises:
        SpecError: If one is.
    """
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise SpecError(f"{option}: '{key}' is there twice\n  give all its values together")


def grid(axes: Sequence[SweepAxis]) -> list[TrialSettings]:
    """Every combination of values; those of the last axis change fastest.

    Raises:
        SpecError: If there are too many.
    """
    n = prod(len(axis.values) for axis in axes)
    if n > MOST_TRIALS:
        raise SpecError(f"--grid: {n:,} trials\n  give fewer values, or draw some: --random")
    keys = [axis.key for axis in axes]
    combined = product(*(axis.values for axis in axes))
    return [dict(zip(keys, values, strict=True)) for values in combined]


def drawn(axes: Sequence[SweepAxis], n_trials: int, seed: int) -> list[TrialSettings]:
    """Settings at random: a function of seed, number of the trial and key alone."""
    return [
        {
            axis.key: axis.drawn(
                np.random.Generator(
                    np.random.Philox(key=stream_key(seed, f"sweep/{trial}/{axis.key}"))
                )
            )
            for axis in axes
        }
        for trial in range(n_trials)
    ]


def overrides_of(settings: TrialSettings) -> Iterator[Override]:
    """What ``--set`` would say."""
    for key, value in settings.items():
        text = f"{key}={value_text(value)}"
        made = parse_override(f"{key}=0")
        yield Override(made.path, value, f"--set {text}")


def value_text(value: Any) -> str:
    """A value as it is shown and written in tables."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {value_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
