"""RecordedInMemory: what a run without a statistics file measures."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import numpy as np

from graphnet.solver.history import GrowingCurve, columns_by_key
from graphnet.solver.record.statistics_file import Recorded


class RecordedInMemory:
    """Statistics as they were recorded, twenty bytes for each; used as a statistics file is.

    A position in it is how many were recorded before.

    Args:
        recorded: What was recorded before, by key.
    """

    def __init__(self, recorded: Mapping[str, GrowingCurve] | None = None) -> None:
        self._numbers: dict[str, int] = {}
        self._which, self._iters, self._values = array("I"), array("q"), array("d")
        for key, column in (recorded or {}).items():
            self._which.extend([self._number(key)] * len(column.iters))
            self._iters.extend(column.iters)
            self._values.extend(column.values)

    def _number(self, key: str) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def append(self, recorded: Recorded) -> None:
        """Add a value."""
        self._which.append(self._number(recorded.key))
        self._iters.append(recorded.iter)
        self._values.append(recorded.value)

    def read_from(self, position: int) -> tuple[dict[str, GrowingCurve], int]:
        """What was recorded since a position, by key; and the position now."""
        since = slice(position, None)
        found = columns_by_key(
            list(self._numbers),
            np.array(self._which[since], np.uint32),
            np.array(self._iters[since], np.int64),
            np.array(self._values[since], np.float64),
        )
        return found, len(self._which)

    def flush(self) -> None:
        """There is nothing to hand to the system."""

    def sync(self) -> int:
        """There are no bytes on the disk."""
        return 0
