"""A clock that goes as the run tells it, so that a day passes in minutes.

To be installed before graphnet is imported, which takes the functions of ``time`` for its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass
class Clock:
    """What a process takes for the time.

    Attributes:
        monotonic: Seconds since some instant; they never go back.
        wall: Seconds since 1970; somebody may set them.
    """

    monotonic: float
    wall: float

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.monotonic += seconds
        self.wall += seconds

    def set(self, seconds: float) -> None:
        """Put the clock on the wall forward, or back."""
        self.wall += seconds

    def install(self) -> None:
        """Have this process believe in it; who sleeps takes no time."""
        for name, read in (
            ("time", self._wall),
            ("monotonic", self._now),
            ("perf_counter", self._now),
        ):
            setattr(time, name, read)
            setattr(time, f"{name}_ns", lambda read=read: int(read() * 1e9))
        time.sleep = self.advance

    def _now(self) -> float:
        return self.monotonic

    def _wall(self) -> float:
        return self.wall
