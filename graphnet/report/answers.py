"""What a trained net answers to its test data, and the rows it is worst at.

Which answer is looked at, and how good it is, is found as ``graphnet test`` finds it: by the layers
that judge. What is added here is what can be seen: pictures, features, points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.draw.pixels import is_picture
from graphnet.inference.answer import JudgedAnswer
from graphnet.inference.examination.examiner import Examiner
from graphnet.inference.examination.numbers import NumberExaminer
from graphnet.inference.examination.worst import WorstRow
from graphnet.layers.base import Kind
from graphnet.net.net import Net
from graphnet.net.passes import select_phase
from graphnet.net.spec import NetSpec

#: Rows whose features are kept, and numbers of a feature at most.
MOST_FEATURES, MOST_NUMBERS = 1000, 4096
#: Rows that are shown as the worst.
MOST_WORST = 24
#: Classes of which each is counted against each other.
MOST_CLASSES = 4096


@dataclass(frozen=True)
class SeenBlobs:
    """Blobs that show more of a row than its answer.

    Attributes:
        feature: What the layer that makes the answer reads; None where that is the data.
        picture: A top of the data that may be seen; None if there is none.
    """

    feature: str | None
    picture: str | None

    @property
    def names(self) -> list[str]:
        """Those that there are."""
        return [name for name in (self.feature, self.picture) if name is not None]


@dataclass(frozen=True)
class Answers:
    """All answers to the test data.

    Attributes:
        measures: How good they are, as ``graphnet test --json`` says it.
        n_rows: Rows of the test data.
        worst: The rows that are answered worst, as far as they are wrong; the worst first.
        pictures: ``(C, H, W)`` of these rows, as the net saw them; only of what can be seen.
        points: Numbers that are right and that were answered, ``(n, D)`` each; None of classes.
        features: ``(m, F)`` of some of the rows, evenly spaced; None where there are none.
        feature_labels: ``(m,)``, what is right for these rows.
    """

    measures: Mapping[str, Any]
    n_rows: int
    worst: Sequence[WorstRow] = ()
    pictures: Mapping[int, np.ndarray] | None = None
    points: tuple[np.ndarray, np.ndarray] | None = None
    features: np.ndarray | None = None
    feature_labels: np.ndarray | None = None

    @property
    def kind(self) -> str:
        """``classes``, ``tags`` or ``numbers``."""
        return str(self.measures["kind"])


def seen_blobs(spec: NetSpec, one: JudgedAnswer) -> SeenBlobs:
    """What shows more of a row whose answer is judged."""
    nodes = select_phase(spec.nodes, "test")
    tops = [top for node in nodes if node.spec.kind is Kind.DATA for top in node.tops]
    makers = [n for n in nodes if one.answer in n.tops and one.answer not in n.bottoms]
    feature = makers[0].bottoms[0] if makers and makers[0].bottoms else None
    picture = next((top for top in tops if top not in (one.label, one.weights)), None)
    return SeenBlobs(None if feature in tops else feature, picture)


def answers_of(net: Net, one: JudgedAnswer, examiner: Examiner, seen: SeenBlobs) -> Answers:
    """Run the test data once.

    Args:
        net: Of phase test, with params, and with all these blobs kept.
        one: The answer that is judged.
        examiner: What judges it.
        seen: What is kept beside it.
    """
    n = net.evaluation_size
    step = max(1, n // MOST_FEATURES)
    pictures: dict[int, np.ndarray] = {}
    features: list[np.ndarray] = []
    labels: list[np.ndarray] = []

    def each(first: int) -> None:
        blobs = {
            name: np.asarray(net.backend.download(net.blobs[name].data))[: net.n_valid]
            for name in {*one.blobs, *seen.names}
        }
        label = blobs[one.label]
        examiner.add(first, *(blobs[name] for name in one.blobs))
        kept = [row.row for row in examiner.worst.rows]
        if seen.picture is not None and is_picture(blobs[seen.picture].shape[1:]):
            values = blobs[seen.picture]
            new = {row: values[row - first].copy() for row in kept if row >= first}
            old = {row: picture for row, picture in pictures.items() if row in kept}
            pictures.clear()
            pictures.update(old | new)
        if seen.feature is not None and label[:1].size == 1:
            rows = [i for i in range(len(label)) if (first + i) % step == 0]
            feature = blobs[seen.feature].reshape(len(label), -1)
            if feature.shape[1] <= MOST_NUMBERS:
                features.append(feature[rows].copy())
                labels.append(label.reshape(-1)[rows].copy())

    net.evaluate(each=each)
    worst = [row for row in examiner.worst.rows if _is_wrong(row)]
    return Answers(
        examiner.measures(),
        n,
        worst,
        pictures or None,
        examiner.kept if isinstance(examiner, NumberExaminer) else None,
        np.concatenate(features) if features else None,
        np.concatenate(labels) if labels else None,
    )


def _is_wrong(row: WorstRow) -> bool:
    if "wrong" in row.detail:  # tags
        return bool(row.detail["wrong"])
    return row.cost > -np.inf and row.detail["label"] != row.detail["answer"]


def principal_components(features: np.ndarray, n: int = 2) -> np.ndarray:
    """``(m, n)``: the features along the directions in which they differ most (PCA).

    The sign of a direction is such that its largest weight is positive, so that equal features
    give equal pictures.

    Args:
        features: ``(m, F)``; columns beyond their rank are 0.
        n: How many directions.
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:n]
    largest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(directions[np.arange(len(directions)), largest])[:, None]
    found = np.zeros((len(features), n))
    found[:, : len(directions)] = centred @ directions.T
    return found
