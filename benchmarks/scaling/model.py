"""The model of a data-parallel step: what a rank computes, and what the sum of gradients costs.

A step of n ranks takes ``compute(rows of a rank) + sum of the gradients``. As in
`graphnet.parallel.tree_sum` every rank owns a segment of the P bytes: it gets that segment from
the n - 1 others, adds, and sends the result to all of them, so that it sends and receives
2 (n - 1) messages and 2 (n - 1)/n P bytes, and adds (n - 1)/n P. Messages are taken to follow each
other, and nothing to overlap with anything. Every function is pure; seconds, bytes and rows
throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Link:
    """What carries the gradients.

    Attributes:
        name: As the chart says it.
        latency: Seconds that a message of no bytes takes.
        rate: Bytes a second in each direction, both at once.
        add_rate: Bytes a second of one operand that a rank adds to what it has.
    """

    name: str
    latency: float
    rate: float
    add_rate: float

    def sum_seconds(self, n_bytes: float, n_ranks: int) -> float:
        """How long the sum of a buffer over all ranks takes."""
        if n_ranks == 1:
            return 0.0
        moved = n_bytes * (n_ranks - 1) / n_ranks
        return 2 * ((n_ranks - 1) * self.latency + moved / self.rate) + moved / self.add_rate


@dataclass(frozen=True)
class Compute:
    """What one rank needs for the forward, backward and update of some rows.

    Attributes:
        points: ``(rows, seconds)``, measured, by rising rows; straight lines between and beyond.
    """

    points: tuple[tuple[float, float], ...]

    def seconds(self, rows: float) -> float:
        """Of a step over so many rows, never less than the least measured would take at none."""
        if len(self.points) == 1:
            ((only, seconds),) = self.points
            return seconds * rows / only
        left, right = _around(self.points, rows)
        slope = (right[1] - left[1]) / (right[0] - left[0])
        return max(left[1] + slope * (rows - left[0]), 0.0)


@dataclass(frozen=True)
class Job:
    """A net that is trained.

    Attributes:
        name: Of the net.
        batch: Rows of its usual step.
        param_bytes: Of all gradients.
        compute: Of one rank.
        update: Seconds of a step that go into moving the params.
    """

    name: str
    batch: int
    param_bytes: int
    compute: Compute
    update: float = 0.0

    def strong(self, link: Link, n_ranks: int) -> float:
        """Efficiency with the batch shared out: 1 means n ranks are n times as fast as one."""
        alone = self.compute.seconds(self.batch)
        step = self.compute.seconds(self.batch / n_ranks)
        return alone / (n_ranks * (step + link.sum_seconds(self.param_bytes, n_ranks)))

    def weak(self, link: Link, n_ranks: int) -> float:
        """Efficiency with a whole batch for every rank."""
        alone = self.compute.seconds(self.batch)
        return alone / (alone + link.sum_seconds(self.param_bytes, n_ranks))


def crowded(seconds: float, n_ranks: int, n_processors: int) -> float:
    """What a rank's computing takes where ranks have to take turns on the processors."""
    return seconds * max(1.0, n_ranks / n_processors)


def fit_link(name: str, sums: Sequence[tuple[int, float, float]], add_rate: float) -> Link:
    """The link that explains measured sums best, by least relative squares.

    Args:
        name: Of the link.
        sums: ``(ranks, bytes, seconds)``.
        add_rate: Measured apart.

    Returns:
        Its latency and rate, neither of them negative.
    """
    a11 = a12 = a22 = b1 = b2 = 0.0
    for n_ranks, n_bytes, seconds in sums:
        moved = n_bytes * (n_ranks - 1) / n_ranks
        rest = max(seconds - moved / add_rate, seconds / 10)
        x, y = 2 * (n_ranks - 1) / rest, 2 * moved / rest
        a11, a12, a22, b1, b2 = a11 + x * x, a12 + x * y, a22 + y * y, b1 + x, b2 + y
    determinant = a11 * a22 - a12 * a12
    latency = (b1 * a22 - b2 * a12) / determinant
    per_byte = (b2 * a11 - b1 * a12) / determinant
    if per_byte <= 0:
        latency, per_byte = b1 / a11, 0.0
    elif latency < 0:
        latency, per_byte = 0.0, b2 / a22
    return Link(name, latency, 1 / per_byte if per_byte else float("inf"), add_rate)


def _around(
    points: Sequence[tuple[float, float]], rows: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The two points whose line answers for so many rows."""
    for left, right in pairwise(points):
        if rows <= right[0]:
            return left, right
    return points[-2], points[-1]
