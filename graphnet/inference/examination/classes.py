"""An examination of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from graphnet.inference.answer import softmax
from graphnet.inference.examination.examiner import Examiner, Kept, amounts, spread
from graphnet.metrics.classes import (
    Average,
    PerClass,
    accuracy,
    confusion_matrix,
    macro,
    per_class,
    weighted,
)
from graphnet.metrics.classes import ranks as ranks_of
from graphnet.metrics.ranking import auc_of_classes, mean_auc

_TOP = (1, 3, 5)


class ClassExaminer(Examiner):
    """Confusion, precision, recall, F1, AUC and top-k of classes.

    Args:
        n_classes: How many there are.
        axis: On which their scores lie.
        squash: What makes probabilities of the scores; None if they are probabilities, or others.
        ignore_label: Positions with this label do not count.
        names: Of the classes; empty where nobody knows them.
        n_worst: How many of the worst rows are kept.
    """

    def __init__(
        self,
        n_classes: int,
        axis: int,
        squash: Literal["softmax", "sigmoid"] | None,
        ignore_label: int | None,
        names: Sequence[str],
        n_worst: int,
    ) -> None:
        super().__init__(n_worst)
        self._n, self._axis, self._squash, self._ignored = n_classes, axis, squash, ignore_label
        fits = len(names) == n_classes
        self.names = tuple(names) if fits else tuple(map(str, range(n_classes)))
        self._confusion = np.zeros((n_classes, n_classes))
        self._ranks = np.zeros(n_classes + 1)
        self._scores, self._labels, self._weights = Kept(), Kept(), Kept()

    def add(
        self,
        first: int,
        answers: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray | None = None,
    ) -> None:
        """Take a batch; a row may have several positions."""
        n, moved = len(answers), np.moveaxis(answers, self._axis, -1)
        scores = moved.reshape(n, -1, self._n)
        right, weight = labels.reshape(n, -1), spread(weights, moved.shape[:-1])
        if self._squash == "softmax":
            scores = softmax(scores)
        counts = np.ones(right.shape, bool) if self._ignored is None else right != self._ignored
        if weight is not None:
            counts &= weight > 0
        flat, kept = scores[counts], right[counts].astype(np.int64)
        of_kept = None if weight is None else weight[counts]
        if len(kept):
            ranks = ranks_of(flat, kept)
            taken = np.where(np.isnan(flat), -np.inf, flat).argmax(axis=1)
            self._confusion += confusion_matrix(kept, taken, self._n, of_kept)
            self._ranks += np.bincount(ranks, of_kept, minlength=self._n + 1)
            self._scores.add(flat)
            self._labels.add(kept)
            if of_kept is not None:
                self._weights.add(of_kept)
        self._add_worst(first, scores, right, counts)

    def _add_worst(
        self, first: int, scores: np.ndarray, right: np.ndarray, counts: np.ndarray
    ) -> None:
        """How far the best of the other classes is ahead of the label, in the mean of a row."""
        labels = np.where(counts, right, 0).astype(np.int64)
        own = np.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]
        others = np.where(np.arange(self._n) == labels[..., None], -np.inf, scores)
        ahead = others.max(axis=-1) - own
        n_counted = counts.sum(axis=1)
        costs = np.where(counts, ahead, 0).sum(axis=1) / np.maximum(n_counted, 1)

        def detail(i: int) -> dict[str, Any]:
            at = int(np.argmax(np.where(counts[i], ahead[i], -np.inf)))
            best = int(np.argmax(scores[i, at]))
            return {
                "label": self.names[labels[i, at]],
                "answer": self.names[best],
                "p_label": _finite(own[i, at]),
                "p_answer": _finite(scores[i, at, best]),
            }

        self.worst.add(first, np.where(n_counted > 0, costs, -np.inf), detail)

    def measures(self) -> dict[str, Any]:
        """What was found."""
        confusion = amounts(self._confusion)
        found = per_class(confusion)
        total = self._ranks.sum()
        is_whole = self._scores.is_whole and total > 0
        none: list[float | None] = [None] * self._n
        areas = none
        if is_whole:
            weights = self._weights.all() if self._weights.is_used else None
            areas = auc_of_classes(self._scores.all(), self._labels.all(), weights)
        below = np.cumsum(self._ranks)
        return {
            "kind": "classes",
            "classes": list(self.names),
            "confusion": confusion.tolist(),
            "per_class": _per_class(self.names, found, areas),
            "accuracy": accuracy(confusion),
            "macro": as_dict(macro(found)),
            "weighted": as_dict(weighted(found)),
            "auc": mean_auc(areas),
            "top_k": {
                str(k): float(below[k - 1] / total)
                for k in _TOP
                if total and (k == 1 or k < self._n)
            },
        }


def _per_class(
    names: Sequence[str], found: PerClass, areas: Sequence[float | None]
) -> list[dict[str, Any]]:
    return [
        {
            "class": name,
            "precision": float(found.precision[i]),
            "recall": float(found.recall[i]),
            "f1": float(found.f1[i]),
            "support": found.support[i].item(),
            "auc": areas[i],
        }
        for i, name in enumerate(names)
    ]


def as_dict(average: Average) -> dict[str, float]:
    """As JSON has it."""
    return {"precision": average.precision, "recall": average.recall, "f1": average.f1}


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
