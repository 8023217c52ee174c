"""What a loss or a statistic takes its first bottom for: the trait by which answers are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Judgement:
    """How a layer understands bottom 0, the answer, and bottom 1, what is right.

    Attributes:
        kind: ``classes``: one of several, whose scores lie along an axis; the label is its number.
            ``tags``: each element is yes or no. ``numbers``: each element should be that number.
        axis: Of the classes.
        squash: What makes probabilities of the answer: a softmax along the axis, a sigmoid of each
            element; None: it is used as it is.
        threshold: A tag above it is yes; of the answer as it is.
        ignore_label: Positions with this label do not count.
    """

    kind: Literal["classes", "tags", "numbers"]
    axis: int = 1
    squash: Literal["softmax", "sigmoid"] | None = None
    threshold: float = 0.5
    ignore_label: int | None = None


class Judging:
    """The trait of losses and statistics, and what it is of all other layers."""

    @property
    def judges(self) -> Judgement | None:
        """How it judges; None if it does not."""
        return None

    def weights_among(self, n_bottoms: int) -> int | None:
        """Which of ``n_bottoms`` holds weights of samples; None if none does."""
        return None
