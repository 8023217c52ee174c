"""LossScale: how many times as large the diffs of a pass are, found while training."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Literal

#: The scale a run begins with, and its limits.
FIRST, LEAST, MOST = 2.0**16, 1.0, 2.0**24
#: After so many gradients in a row that are finite it is doubled.
PATIENCE = 2000


class LossScale:
    """The factor on what the losses send back.

    A dynamic one is halved where the gradient is not finite, whose update is skipped, and doubled
    after :data:`PATIENCE` that are. At :data:`LEAST` a gradient that is not finite is the run's
    own: its update is made, and the run diverges as any other.

    Attributes:
        value: The factor for the next pass.
        is_dynamic: Whether it changes.
        good: How many gradients in a row were finite since it was changed.
        skipped: How many updates were skipped.
        is_last_skipped: Whether the last one was.

    Args:
        declared: The factor, or ``dynamic``.

    Source:
        Micikevicius et al. 2018, arXiv 1710.03740, section 3.2.
    """

    def __init__(self, declared: float | Literal["dynamic"]) -> None:
        self.is_dynamic = declared == "dynamic"
        self.value = FIRST if declared == "dynamic" else float(declared)
        self.good = self.skipped = 0
        self.is_last_skipped = False

    def overflows(self, norm: float) -> bool:
        """Take in the length of the next gradient; returns whether its update is to be skipped."""
        self.is_last_skipped = False
        if not self.is_dynamic:
            return False
        if isfinite(norm):
            self.good += 1
            if self.good == PATIENCE:
                self.value, self.good = min(2 * self.value, MOST), 0
            return False
        self.good = 0
        if self.value <= LEAST:
            return False
        self.value /= 2
        self.skipped += 1
        self.is_last_skipped = True
        return True

    def told(self) -> str:
        """What is said of a gradient that was too large for the scale before."""
        return (
            f"at a loss scale of {2 * self.value:,.0f} the gradient is not finite; this update is"
            f" skipped, and the scale is {self.value:,.0f}"
        )

    def state_dict(self) -> dict[str, float]:
        """What a snapshot keeps of it."""
        counts = {"good": self.good, "skipped": self.skipped}
        return {"value": self.value, **counts, "is_last_skipped": int(self.is_last_skipped)}

    def load_state_dict(self, saved: Mapping[str, float]) -> None:
        """Go on from what :meth:`state_dict` gave; a factor that is declared holds from now on."""
        if self.is_dynamic:
            self.value = saved["value"]
        self.good, self.skipped = int(saved["good"]), int(saved["skipped"])
        self.is_last_skipped = bool(saved["is_last_skipped"])
