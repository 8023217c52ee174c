"""What the workers of the well-known nets do when they are asked. Standard library alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.process_memory import peak_bytes
from benchmarks.workers import answer, requests

#: A call of fewer seconds is timed after one that is not: a process that has slept needs some
#: time to get going, and that matters to it.
SHORT = 1.0


class Turns:
    """Times single calls.

    Args:
        call: What is timed.
    """

    def __init__(self, call: Callable[[], object]) -> None:
        self.call = call
        self.last = self._seconds()

    def _seconds(self) -> float:
        start = time.perf_counter()
        self.call()
        return time.perf_counter() - start

    def seconds(self) -> float:
        """Of one call."""
        if self.last < SHORT:
            self._seconds()
        self.last = self._seconds()
        return self.last


def serve_turns(about: dict[str, Any], call: Callable[[], object]) -> None:
    """Say what there is to say, then answer ``seconds`` and ``peak`` until the input ends."""
    turns = Turns(call)
    answer(about)
    for what, *_ in requests():
        answer(turns.seconds() if what == "seconds" else peak_bytes())
