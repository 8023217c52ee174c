"""Which of a net's outputs is its answer: probabilities of classes or tags, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from graphnet.data.record import DataRecord
from graphnet.layers.base import Kind
from graphnet.layers.judging import Judgement
from graphnet.metrics.classes import best_classes
from graphnet.net.spec import NetSpec, Node

#: What probabilities are called that are made of a net's scores.
PROB = "prob"
_MATRIX = 2


@dataclass(frozen=True)
class JudgedAnswer:
    """An answer of a net, and what says whether it is right.

    Attributes:
        answer: The blob with the answer.
        label: The blob with what is right.
        how: How the layer that compares them understands it.
        weights: The blob that says what each row, or each place of one, counts for; None: all
            count alike.
    """

    answer: str
    label: str
    how: Judgement
    weights: str | None = None

    @property
    def blobs(self) -> list[str]:
        """All that are compared."""
        return [name for name in (self.answer, self.label, self.weights) if name is not None]


def judged(spec: NetSpec) -> list[JudgedAnswer]:
    """The answers that losses and statistics of a net judge, each once; the surest first.

    Those come first that say how to make probabilities, then those of classes. What rows count for
    a statistic says, and only where there is none a loss.
    """
    found: dict[tuple[str, str], JudgedAnswer] = {}
    weights: dict[tuple[str, str], tuple[bool, str | None]] = {}
    for node in spec.nodes:
        how = node.spec.judges
        if how is None or len(node.bottoms) < _MATRIX:
            continue
        one = JudgedAnswer(node.bottoms[0], node.bottoms[1], how)
        key = (one.answer, one.label)
        if key not in found or (how.squash and not found[key].how.squash):
            found[key] = one
        counts = node.spec.kind is Kind.STATISTIC
        if key not in weights or (counts and not weights[key][0]):
            weights[key] = (counts, _weights_of(node))
    weighed = [replace(one, weights=weights[key][1]) for key, one in found.items()]
    return sorted(weighed, key=_sureness)


def _weights_of(node: Node) -> str | None:
    place = node.spec.weights_among(len(node.bottoms))
    return None if place is None else node.bottoms[place]


def _sureness(one: JudgedAnswer) -> tuple[int, bool]:
    return ("classes", "tags", "numbers").index(one.how.kind), one.how.squash is None


@dataclass(frozen=True)
class Answer:
    """How the values of an output are to be read.

    Attributes:
        blob: The output.
        kind: ``classes`` or ``tags``.
        squash: What makes probabilities of it; None if it holds them, or other scores.
        names: Of the classes or tags; empty where nobody knows them, or they are not as many.
    """

    blob: str
    kind: Literal["classes", "tags"]
    squash: Literal["softmax", "sigmoid"] | None = None
    names: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the probabilities are called."""
        return PROB if self.squash else self.blob

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """Of the output's values ``(n, C)``; scores that nobody says how to squash stay so."""
        match self.squash:
            case "softmax":
                return softmax(values)
            case "sigmoid":
                return sigmoid(values)
            case None:
                return values

    def name(self, number: int) -> str:
        """What a class or tag is called: by its number where nobody knows."""
        return self.names[number] if self.names else str(number)

    def top(self, probabilities: np.ndarray, k: int) -> list[list[tuple[str, float]]]:
        """The ``k`` most probable classes of each row and their probabilities."""
        best = best_classes(probabilities, k)
        values = np.take_along_axis(probabilities, best, axis=1)
        pairs = zip(best.tolist(), values.tolist(), strict=True)
        return [[(self.name(i), p) for i, p in zip(row, ps, strict=True)] for row, ps in pairs]


def softmax(scores: np.ndarray) -> np.ndarray:
    """exp(x − max) / Σ, along the last axis; in the precision of the scores."""
    found: np.ndarray = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found /= found.sum(axis=-1, keepdims=True)
    return found


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(−x)), without overflow."""
    found: np.ndarray = 0.5 + 0.5 * np.tanh(0.5 * scores)
    return found


def answer_of(
    spec: NetSpec, record: DataRecord, shapes: Sequence[tuple[str, tuple[int, ...]]]
) -> Answer | None:
    """The output that is the net's answer; None if none is a list of classes or tags.

    Args:
        spec: The whole net.
        record: Of its data.
        shapes: The shape of a row of each output, by name.
    """
    known = judged(spec)
    for name, shape in shapes:
        if len(shape) != 1:
            continue
        maker = _maker(spec, name)
        sources = {name, *(maker.bottoms if maker is not None else ())}
        is_softmax = maker is not None and maker.spec.softmax_axis is not None
        for one in known:
            if one.answer not in sources or one.how.kind == "numbers":
                continue
            if one.answer != name and not is_softmax:
                continue
            names = record.classes(one.label)
            squash = None if is_softmax else one.how.squash
            kind: Literal["classes", "tags"] = "tags" if one.how.kind == "tags" else "classes"
            return Answer(name, kind, squash, names if len(names) == shape[0] else ())
        if is_softmax:
            return Answer(name, "classes")
    return None


def _maker(spec: NetSpec, blob: str) -> Node | None:
    """The last layer that writes a blob."""
    made = [node for node in spec.nodes if blob in node.tops and node.spec.phase != "train"]
    return made[-1] if made else None
