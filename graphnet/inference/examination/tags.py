"""An examination of tags: several yes-or-no labels a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.inference.examination.classes import as_dict
from graphnet.inference.examination.examiner import Examiner, Kept, amounts, spread
from graphnet.metrics.ranking import auc, mean_auc
from graphnet.metrics.tags import measure_tags


class TagExaminer(Examiner):
    """Precision, recall, F1 and AUC of each tag; whole rows; wrong elements.

    Args:
        threshold: An answer above it is yes. A label is yes above one half.
        ignore_label: Elements with this label do not count.
        names: Of the tags; empty where nobody knows them.
        n_worst: How many of the worst rows are kept.
    """

    def __init__(
        self, threshold: float, ignore_label: int | None, names: Sequence[str], n_worst: int
    ) -> None:
        super().__init__(n_worst)
        self._threshold, self._ignored, self._names = threshold, ignore_label, names
        self._answers, self._labels, self._weights = Kept(), Kept(), Kept()

    def add(
        self,
        first: int,
        answers: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray | None = None,
    ) -> None:
        """Take a batch."""
        weight = spread(weights, answers.shape)
        answers, labels = answers.reshape(len(answers), -1), labels.reshape(len(labels), -1)
        self._answers.add(answers)
        self._labels.add(labels)
        counts = self._counts(labels)
        if weight is not None:
            self._weights.add(weight)
            counts &= weight > 0
        yes = labels > 0.5  # noqa: PLR2004
        # how far an answer lies on the wrong side
        behind = np.where(yes, self._threshold - answers, answers - self._threshold)
        costs = np.where(counts, np.maximum(behind, 0), 0).sum(axis=1)
        if weight is not None:
            costs = np.where(counts.any(axis=1), costs, -np.inf)
        wrong = counts & ((answers > self._threshold) != yes)

        def detail(i: int) -> dict[str, Any]:
            return {"wrong": [self._name(t) for t in np.flatnonzero(wrong[i]).tolist()]}

        self.worst.add(first, costs, detail)

    def _counts(self, labels: np.ndarray) -> np.ndarray:
        if self._ignored is None:
            return np.ones(labels.shape, bool)
        found: np.ndarray = labels != self._ignored
        return found

    def _name(self, tag: int) -> str:
        return self._names[tag] if tag < len(self._names) else str(tag)

    def measures(self) -> dict[str, Any]:
        """What was found; nothing but the kind of answers where there are too many to keep."""
        if not self._answers.is_whole:
            return {"kind": "tags"}
        answers, labels = self._answers.all(), self._labels.all()
        counts, yes = self._counts(labels), labels > 0.5  # noqa: PLR2004
        weights = np.ones(labels.shape)
        if self._weights.is_used:
            weights = self._weights.all()
            counts &= weights > 0
        found = measure_tags(yes, answers > self._threshold, np.where(counts, weights, 0))
        each, n = found.per_tag, labels.shape[1]
        support = amounts(each.support)
        areas = [
            auc(answers[of_tag, t], yes[of_tag, t], weights[of_tag, t])
            for t, of_tag in enumerate(counts.T)
        ]
        return {
            "kind": "tags",
            "classes": [self._name(t) for t in range(n)],
            "per_class": [
                {
                    "class": self._name(t),
                    "precision": float(each.precision[t]),
                    "recall": float(each.recall[t]),
                    "f1": float(each.f1[t]),
                    "support": support[t].item(),
                    "auc": areas[t],
                }
                for t in range(n)
            ],
            "macro": as_dict(found.macro),
            "micro": as_dict(found.micro),
            "exact": found.exact,
            "hamming": found.hamming,
            "auc": areas[0] if n == 1 else mean_auc([*areas, None]),
        }
