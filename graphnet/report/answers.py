"""What a trained net answers to its test data: scores and labels, and the rows it is worst at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from graphnet.blob import Shape
from graphnet.draw.pixels import is_picture
from graphnet.inference.answer import softmax
from graphnet.layers.base import Kind
from graphnet.net.net import Net
from graphnet.net.outputs import one_pass
from graphnet.net.passes import select_phase
from graphnet.net.spec import NetSpec, Node

Task: TypeAlias = Literal["classes", "numbers"]

#: Rows whose features are kept, and numbers of a feature at most.
MOST_FEATURES, MOST_NUMBERS = 1000, 4096
#: Rows that are shown as the worst.
MOST_WORST = 24
#: The bottoms of a layer that judges: the answer, and what is right.
_PAIR = 2


@dataclass(frozen=True)
class ComparedBlobs:
    """Which blobs hold answers, what is right, and more of the same row.

    Attributes:
        answer: The blob that a loss or statistic compares.
        label: The blob of the data that it is compared with.
        feature: What the layer that makes the answer reads; None where that is the data.
        picture: A top of the data that can be seen; None if there is none.
        axis: Of the classes, as the layer declares it; None if it declares none.
    """

    answer: str
    label: str
    feature: str | None
    picture: str | None
    axis: int | None = None


@dataclass(frozen=True)
class Worst:
    """A row that is answered wrongly.

    Attributes:
        row: Its place in the test data, from 0.
        label: What is right.
        answer: What was answered.
        cost: How wrong that is: of classes, by how much the answer's probability exceeds that of
            the label; of numbers, the root of the mean squared error.
        picture: ``(C, H, W)`` as the net saw it; None if it cannot be seen.
    """

    row: int
    label: float
    answer: float
    cost: float
    picture: np.ndarray | None = None


@dataclass(frozen=True)
class Answers:
    """All answers to the test data.

    Attributes:
        task: Whether classes or numbers are answered.
        labels: ``(n,)`` int64 of classes, ``(n, D)`` of numbers.
        answers: The same of what was answered.
        n_classes: How many there are; 0 for numbers.
        features: ``(m, F)`` of some of the rows, evenly spaced; None where there are none.
        feature_rows: ``(m,)``, which rows these are.
        worst: The worst first.
        n_rows: Rows of the test data; more than ``n`` would be a row with several answers.
    """

    task: Task
    labels: np.ndarray
    answers: np.ndarray
    n_classes: int
    features: np.ndarray | None
    feature_rows: np.ndarray
    worst: Sequence[Worst]
    n_rows: int


def find_judged(spec: NetSpec) -> ComparedBlobs | None:
    """What the test phase compares with its data; None if no layer compares two blobs so.

    A statistic says better than a loss what the answer is.
    """
    nodes = select_phase(spec.nodes, "test")
    tops = {top: node for node in nodes if node.spec.kind is Kind.DATA for top in node.tops}
    judging = [
        node
        for kind in (Kind.STATISTIC, Kind.LOSS)
        for node in nodes
        if node.spec.kind is kind and len(node.bottoms) == _PAIR
    ]
    for node in judging:
        answer, label = node.bottoms
        if label in tops and answer not in tops:
            feature = _read_by_maker(answer, nodes)
            axis = node.spec.model_dump(include={"axis"}).get("axis")
            return ComparedBlobs(
                answer,
                label,
                None if feature in tops else feature,
                _seen(tops, label),
                axis if isinstance(axis, int) else None,
            )
    return None


def _read_by_maker(blob: str, nodes: Sequence[Node]) -> str | None:
    """The first bottom of the layer that makes a blob; those that work on it in place do not."""
    for node in nodes:
        if blob in node.tops and blob not in node.bottoms:
            return node.bottoms[0] if node.bottoms else None
    return None


def _seen(tops: Mapping[str, Node], label: str) -> str | None:
    """The first top of the data that is no label."""
    return next((top for top in tops if top != label), None)


def task_of(
    answer: Shape, label: Shape, labels: np.ndarray, declared: int | None = None
) -> tuple[Task, int] | None:
    """Whether answers are classes or numbers, and the axis of the classes; None if neither.

    They are classes where the shape of the answers without one axis is that of the labels, and
    the labels are whole numbers below the size of that axis.

    Args:
        answer: Shape of the answers, ``(N, …)``.
        label: Shape of the labels, ``(N, …)``.
        labels: Some of the labels.
        declared: The axis of the classes that is tried first.
    """
    plain = _plain(label)
    first = () if declared is None or abs(declared) >= len(answer) else (declared % len(answer),)
    for axis in (*first, 1, len(answer) - 1):
        if len(answer) > 1 and answer[axis] > 1 and _plain(answer, axis) == plain:
            whole = bool(np.all(labels == np.round(labels)))
            if whole and labels.min(initial=0) >= 0 and labels.max(initial=0) < answer[axis]:
                return "classes", axis
    return ("numbers", 0) if _plain(answer) == plain else None


def _plain(shape: Shape, without: int | None = None) -> Shape:
    """Without an axis, and without axes of one element behind the first."""
    return tuple(n for i, n in enumerate(shape) if i == 0 or (n > 1 and i != without))


def probabilities(scores: np.ndarray) -> np.ndarray:
    """``(n, C)`` scores as probabilities: as they are if they are some, else their softmax."""
    scores = scores.astype(np.float64)
    if np.all(scores >= 0) and np.allclose(scores.sum(axis=1), 1, atol=1e-3):
        return scores
    return softmax(scores)


def answers_of(net: Net, judged: ComparedBlobs) -> Answers | None:
    """Run the test data once.

    Args:
        net: Of phase test, with params, and with the blobs of ``judged`` kept.
        judged: From :func:`find_judged`.

    Returns:
        None where what is compared is neither a class nor numbers.
    """
    shapes = {name: net.blobs[name].shape for name in (judged.answer, judged.label)}
    n = net.evaluation_size
    step = max(1, n // MOST_FEATURES)
    found: _Collector | None = None
    with net.backend.computing(), net.evaluating(0), one_pass(net.layers):
        net.reset_statistics()
        for first in range(0, n, net.batch_size):
            net.context.first_sample = first
            net.forward()
            valid = min(net.batch_size, n - first)
            blobs = {
                name: np.asarray(net.backend.download(net.blobs[name].data))[:valid]
                for name in (judged.answer, judged.label, judged.feature, judged.picture)
                if name is not None
            }
            if found is None:
                labels = blobs[judged.label]
                task = task_of(shapes[judged.answer], shapes[judged.label], labels, judged.axis)
                if task is None:
                    return None
                found = _Collector(judged, *task)
            found.add(blobs, first, step)
    return None if found is None else found.result(n)


class _Collector:
    """Keeps of each batch what is asked for at the end."""

    def __init__(self, judged: ComparedBlobs, task: Task, axis: int) -> None:
        self._judged, self._task, self._axis = judged, task, axis
        self._labels: list[np.ndarray] = []
        self._answers: list[np.ndarray] = []
        self._features: list[np.ndarray] = []
        self._feature_rows: list[int] = []
        self._worst: list[Worst] = []
        self._n_classes = 0

    def add(self, blobs: Mapping[str, np.ndarray], first: int, step: int) -> None:
        answer, label = blobs[self._judged.answer], blobs[self._judged.label]
        picture = blobs[self._judged.picture] if self._judged.picture else None
        if picture is not None and not is_picture(picture.shape[1:]):
            picture = None
        if self._task == "classes":
            self._add_classes(answer, label, picture, first)
        else:
            self._add_numbers(answer, label, picture, first)
        if self._judged.feature is not None:
            rows = [i for i in range(len(label)) if (first + i) % step == 0]
            feature = blobs[self._judged.feature].reshape(len(label), -1)
            if feature.shape[1] <= MOST_NUMBERS:
                self._features.append(feature[rows].copy())
                self._feature_rows += [first + i for i in rows]

    def _add_classes(
        self, answer: np.ndarray, label: np.ndarray, picture: np.ndarray | None, first: int
    ) -> None:
        self._n_classes = answer.shape[self._axis]
        scores = np.moveaxis(answer, self._axis, -1).reshape(-1, self._n_classes)
        labels = label.reshape(-1).astype(np.int64)
        chances = probabilities(scores)
        answers = chances.argmax(axis=1)
        self._labels.append(labels)
        self._answers.append(answers)
        if len(labels) != len(label):  # several answers a row: none of them is the row's
            return
        at = np.arange(len(labels))
        costs = chances[at, answers] - chances[at, labels]
        wrong = np.flatnonzero(answers != labels)
        self._keep_worst(wrong, costs, labels, answers, picture, first)

    def _add_numbers(
        self, answer: np.ndarray, label: np.ndarray, picture: np.ndarray | None, first: int
    ) -> None:
        answers = answer.reshape(len(answer), -1).astype(np.float64)
        labels = label.reshape(len(label), -1).astype(np.float64)
        self._labels.append(labels)
        self._answers.append(answers)
        costs = np.sqrt(np.square(answers - labels).mean(axis=1))
        rows = np.arange(len(costs))
        self._keep_worst(rows, costs, labels[:, 0], answers[:, 0], picture, first)

    def _keep_worst(
        self,
        rows: np.ndarray,
        costs: np.ndarray,
        labels: np.ndarray,
        answers: np.ndarray,
        picture: np.ndarray | None,
        first: int,
    ) -> None:
        least = self._worst[-1].cost if len(self._worst) == MOST_WORST else -1.0
        for i in rows[costs[rows] > least]:
            seen = None if picture is None else picture[i].copy()
            made = Worst(first + int(i), float(labels[i]), float(answers[i]), float(costs[i]), seen)
            self._worst.append(made)
        self._worst = sorted(self._worst, key=lambda w: (-w.cost, w.row))[:MOST_WORST]

    def result(self, n_rows: int) -> Answers:
        features = np.concatenate(self._features) if self._features else None
        return Answers(
            self._task,
            np.concatenate(self._labels),
            np.concatenate(self._answers),
            self._n_classes,
            features,
            np.array(self._feature_rows, np.int64),
            self._worst,
            n_rows,
        )


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
