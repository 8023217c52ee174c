"""CountingLayer: a statistic that is worked out from what was counted over all batches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from graphnet.backend.measures import Number
from graphnet.layers.base import MeasureLayer, S, statistic_keys


class CountingLayer(MeasureLayer[S]):
    """A statistic whose numbers are no means of those of batches, such as a quotient of two sums.

    What is counted adds up over batches, shards and ranks; :meth:`worked_out` makes numbers of it.
    """

    #: How many sums there are; ``setup`` says so by :meth:`count_up`.
    n_counts = 0

    def count_up(self, n: int) -> None:
        """Have so many sums; for ``setup``."""
        self.n_counts = n
        self.sums = self.backend.sums(n + 1)

    def add_counts(self, counts: Sequence[Number]) -> None:
        """Count one batch: what is added to each sum."""
        self.sums.add(1.0, counts)

    def reset_statistics(self) -> None:
        """Forget all batches."""
        self.sums.write(np.zeros(self.n_counts + 1))

    def statistics(self) -> dict[str, float]:
        """``{name: number, "name.key": number}``; NaN where nothing was counted."""
        numbers = self.worked_out(self.sums.read()[:-1])
        return dict(zip(statistic_keys(self.name, self.keys), numbers, strict=True))

    @abstractmethod
    def worked_out(self, counts: np.ndarray) -> list[float]:
        """The number of each key, from the sums."""
