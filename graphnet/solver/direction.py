"""Best: the best value of a statistic so far, and which way it gets better."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Literal, TypeAlias

from graphnet.errors import SpecError
from graphnet.sealed import Sealed, read_only
from graphnet.solver.saved import Saved

#: ``max``: higher is better; ``min``: lower is.
Mode: TypeAlias = Literal["max", "min"]

_LOWER = ("loss", "error", "obj_val")
_HIGHER = ("accuracy", "acc", "top")


def direction_of(key: str, mode: Mode | None) -> Mode:
    """``mode`` if it is given, else the direction that the key's name tells.

    Raises:
        SpecError: If the name does not tell.
    """
    if mode is not None:
        return mode
    name = key.lower()
    if any(word in name for word in _LOWER):
        return "min"
    if any(word in name for word in _HIGHER):
        return "max"
    raise SpecError(
        f"cannot tell whether a higher '{key}' is better or a lower one\n"
        "  say so: mode: max, or mode: min"
    )


class Best(Sealed):
    """The best value of a statistic so far.

    Attributes:
        value: None before the first.
        iter: When it was reached.

    Args:
        key: The statistic.
        mode: Its direction. Default: the one that its name tells.
        min_delta: By how much a value must be better to count.

    Raises:
        SpecError: If the direction cannot be told.
    """

    value: float | None = read_only("_value")
    iter: int = read_only("_iter")

    def __init__(self, key: str, mode: Mode | None = None, min_delta: float = 0.0) -> None:
        self._sign = 1.0 if direction_of(key, mode) == "max" else -1.0
        self._min_delta = min_delta
        self._value: float | None = None
        self._iter = 0

    def is_better(self, value: float, than: float | None) -> bool:
        """Whether ``value`` is better than another by more than ``min_delta``; NaN never is."""
        if isnan(value):
            return False
        if than is None or isnan(than):
            return True
        return self._sign * (value - than) > self._min_delta

    def update(self, value: float, iteration: int) -> bool:
        """Take a value into account; returns whether it is the new best."""
        if not self.is_better(value, self._value):
            return False
        self._value, self._iter = value, iteration
        return True

    def state_dict(self) -> dict[str, Saved]:
        """What a snapshot keeps of it."""
        return {"best": self._value, "best_iter": self._iter}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        """Know again what :meth:`state_dict` gave."""
        best, when = saved.get("best"), saved.get("best_iter")
        self._value = None if best is None else float(best)
        self._iter = int(when or 0)
