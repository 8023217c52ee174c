"""Evaluation: what a pass over a whole data set found."""

from __future__ import annotations

from typing import NamedTuple


class Evaluation(NamedTuple):
    """What a pass over a whole data set found.

    Attributes:
        samples: How many there were, each counted once.
        statistics: The means, by statistic key.
    """

    samples: int
    statistics: dict[str, float]
