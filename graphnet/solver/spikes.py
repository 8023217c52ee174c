"""Updates that are skipped: which gradients are far too long, and what a skipped step leaves."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from graphnet.backend.calls import assign
from graphnet.params.param import ParamStore

#: So many gradients are looked at before one is called a spike, and the usual length is the mean
#: over about as many.
WINDOW = 50
#: So many updates in a row are skipped at most.
MOST_IN_A_ROW = 10


class SpikeWatch:
    """Compares the length of each gradient with the mean over those before it.

    After :data:`MOST_IN_A_ROW` spikes in a row a finite length is taken for the usual one.

    Attributes:
        usual: The mean length; 0 before the first.
        seen: How many lengths it is the mean of, at most :data:`WINDOW`.
        in_a_row: How many of the last gradients were spikes.
        skipped: How many were in all.

    Args:
        factor: How many times the usual length is a spike.
    """

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self.usual = 0.0
        self.seen = self.in_a_row = self.skipped = 0

    def is_spike(self, norm: float) -> bool:
        """Take in the length of the next gradient; returns whether its update is to be skipped."""
        if not self.seen and not isfinite(norm):
            return False  # methods begin with their first update
        if not isfinite(norm) or (self.seen == WINDOW and norm > self._factor * self.usual):
            if self.in_a_row < MOST_IN_A_ROW:
                self.in_a_row += 1
                self.skipped += 1
                return True
            self.in_a_row = 0
            if not isfinite(norm):
                return False  # the guard finds what it has left
            self.seen = 0
        self.in_a_row = 0
        self.seen = min(self.seen + 1, WINDOW)
        self.usual += (norm - self.usual) / self.seen
        return False

    def told(self, norm: float) -> str:
        """What is said of a spike of that length."""
        times = f", {norm / self.usual:,.0f} times the usual" if self.usual else ""
        return f"the gradient has a norm of {norm:.3g}{times}; this update is skipped"

    def state_dict(self) -> dict[str, float]:
        """What a snapshot keeps of it."""
        counts = {"seen": self.seen, "in_a_row": self.in_a_row, "skipped": self.skipped}
        return {"usual": self.usual, **counts}

    def load_state_dict(self, saved: Mapping[str, float]) -> None:
        """Go on from what :meth:`state_dict` gave."""
        self.usual = saved["usual"]
        self.seen, self.in_a_row = int(saved["seen"]), int(saved["in_a_row"])
        self.skipped = int(saved["skipped"])


class StateKept:
    """The persistent state of a net before a step, such as running statistics.

    Args:
        store: Has it.
    """

    def __init__(self, store: ParamStore) -> None:
        arrays = [array for named in store.state.values() for array in named.values()]
        kept = [store.backend.zeros(array.shape, array.dtype) for array in arrays]
        pairs = list(zip(arrays, kept, strict=True))
        self._keep = [store.backend.elementwise(assign, kept, array) for array, kept in pairs]
        self._put_back = [store.backend.elementwise(assign, array, kept) for array, kept in pairs]

    def keep(self) -> None:
        """Keep what it is now."""
        for call in self._keep:
            call()

    def put_back(self) -> None:
        """Make it again what it was when it was kept."""
        for call in self._put_back:
            call()
