"""Portion: which samples of every batch a net delivers where several share the batch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Portion:
    """The windows of every batch that one net delivers, one after the other.

    A pass of the net takes one window, so all are as long as the net's own batch.

    Attributes:
        batch_size: Samples in the whole batch.
        windows: ``(first slot, end)`` of each, in order and without overlap.
    """

    batch_size: int
    windows: tuple[tuple[int, int], ...]

    def gap(self, window: int) -> int:
        """Samples between the end of a window and the beginning of the next one delivered."""
        following = (window + 1) % len(self.windows)
        ahead = self.windows[following][0] - self.windows[window][1]
        return ahead if following else ahead + self.batch_size
