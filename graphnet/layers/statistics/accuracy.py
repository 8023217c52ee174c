"""Accuracy: how often the largest score is that of the label."""

from __future__ import annotations

from itertools import compress
from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Number, at_least_one
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import (
    Arity,
    Kind,
    MeasureLayer,
    ScratchDecls,
    Shapes,
    exactly,
)
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.labels import ClassLabels, check_label_shape, label_scratch, memory
from graphnet.layers.losses.weights import Weighed, left_out, weights_of
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size, without


class Accuracy(Weighed):
    """The part of the positions at which the label's score is the largest.

    Of equal scores the class with the smaller number ranks first. A NaN ranks before every
    number, and a label whose own score is NaN is wrong.

    It reports ``NAME`` (from 0 to 1), ``NAME.error`` (1 − accuracy) with ``report_error`` and
    ``NAME.top5``, the part at which the label is among the 5 largest, with ``top_k: 5``.

    Bottoms:
        0: scores ``(N, C, …)``.
        1: labels ``(N, …)`` or ``(N, 1, …)``: one for each position, whole numbers from 0 to C − 1.
        2: weights ``(N,)`` or of the labels' first axes, if not all count alike; 0 leaves out.
    Args:
        axis: The axis of the classes, in ``(N, C, H, W)``. Default 1.
        top_k: Also report whether the label is among so many largest; at most C. Default 1.
        report_error: Also report the part that is wrong. Default false.
        ignore_label: Positions with this label do not count; it need not be a class.
    Example:
        - {name: accuracy, type: Accuracy, phase: test, bottoms: [ip2, label]}
        - {name: top, type: Accuracy, top_k: 5, report_error: true, bottoms: [ip2, label]}
    Source:
        Mocha ``AccuracyLayer``; ``top_k`` and ``ignore_label`` from Caffe ``Accuracy``.
    """

    kind: ClassVar[Kind] = Kind.STATISTIC
    n_bottoms: ClassVar[Arity] = Arity(2, 3)
    n_tops: ClassVar[Arity] = exactly(0)

    type: Literal["Accuracy"] = "Accuracy"
    axis: FeatureAxis = 1
    top_k: PositiveInt = 1
    report_error: bool = False
    ignore_label: int | None = None

    @property
    def judges(self) -> Judgement:
        return Judgement("classes", self.axis, ignore_label=self.ignore_label)

    @property
    def measures(self) -> tuple[str, ...]:
        return (
            "",
            *(("error",) if self.report_error else ()),
            *((f"top{self.top_k}",) if self.top_k > 1 else ()),
        )

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        scores, label = bottoms[:2]
        check_label_shape(scores, label, self.axis)
        self.check_weights(bottoms, without(scores, axis_of(scores, self.axis)))
        n_class = scores[axis_of(scores, self.axis)]
        if self.top_k > n_class:
            raise ShapeError(
                f"top_k: {self.top_k} is more than the {n_class} classes of scores of shape "
                f"{shape_text(scores)}"
            )
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        scores = bottoms[0]
        positions = with_size(scores, axis_of(scores, self.axis), 1)
        return (
            label_scratch(scores, self.axis)
            | {
                "named": ScratchDecl(positions, blob=True),
                "rank": ScratchDecl(positions, blob=True),
                "ahead": ScratchDecl(scores, blob=True),
                "before": ScratchDecl(scores, "bool", blob=True),
                "better": ScratchDecl(scores, "bool", blob=True),
            }
            | self.weight_scratch(bottoms)
        )

    def n_indices(self, bottoms: Shapes) -> int:
        return bottoms[0][axis_of(bottoms[0], self.axis)]


class AccuracyLayer(MeasureLayer[Accuracy]):
    """Runs :class:`Accuracy`."""

    def setup(self) -> None:
        scores, label = self.bottoms[:2]
        spec, xp = self.spec, self.xp
        axis = axis_of(scores.shape, spec.axis)
        self.weights = weights_of(self, without(scores.shape, axis))
        self.labels = ClassLabels(
            self.backend,
            scores.data,
            label.data,
            spec.axis,
            spec.ignore_label,
            self.scratch,
            without=left_out(self.weights, scores.data.ndim, axis),
        )
        self.weigh: Call | None = None
        if self.weights is not None:
            named = self.scratch["named"]
            self.weigh = self.weights.over(named, named.shape[1:], axis)
        self.expectations.append(self.labels.expectation)
        n_class, axis = self.labels.n_class, self.labels.axis
        along = (1,) * axis + (n_class,) + (1,) * (scores.data.ndim - axis - 1)
        self.numbers = xp.arange(n_class).reshape(along)

    def forward(self) -> None:
        n_valid = self.context.n_valid
        if self.weights is not None:
            self.weights.read(n_valid)
        self.labels.read()
        self.write_rank()
        count = self.labels.n_counted(n_valid)
        if self.weights is not None:  # of all that counts the rank is below the number of classes
            count = self.weight_below(self.labels.n_class)
        first = self.fraction_below(1, n_valid, count)
        means = [first, 1 - first, self.fraction_below(self.spec.top_k, n_valid, count)]
        asked = (True, self.spec.report_error, self.spec.top_k > 1)
        self.add(count, *compress(means, asked))

    def write_rank(self) -> None:
        """How many classes rank before the label's, at each position."""
        xp, labels, scores = self.xp, self.labels, self.bottoms[0].data
        named, rank, ahead, before, better = (
            self.scratch[k] for k in ("named", "rank", "ahead", "before", "better")
        )
        self.backend.gather(memory(scores), memory(labels.index), memory(named))
        # of equal scores, those of smaller classes; not (a < b) rather than a ≥ b, for NaN
        xp.logical_not(xp.less(scores, named, out=better), out=better)
        xp.less(self.numbers, labels.classes, out=before)
        xp.logical_and(before, better, out=before)
        xp.logical_not(xp.less_equal(scores, named, out=better), out=better)
        xp.logical_or(before, better, out=better)
        xp.copyto(ahead, better)
        ahead.sum(axis=labels.axis, keepdims=True, out=rank)
        if labels.ignores:
            xp.copyto(rank, labels.n_class, where=labels.ignored)

    def fraction_below(self, rank: int, n_valid: int, count: Number) -> Number:
        """At what part of the counted positions fewer classes rank before the label's."""
        if self.weights is not None:
            return self.weight_below(rank) / (count + (count == 0))
        below = self.labels.flag[:n_valid]
        self.xp.less(self.scratch["rank"][:n_valid], rank, out=below)
        return self.backend.number(self.xp.count_nonzero(below)) / at_least_one(count)

    def weight_below(self, rank: int) -> Number:
        """What the positions weigh at which fewer classes rank before the label's."""
        named, below = self.scratch["named"], self.labels.flag
        self.xp.less(self.scratch["rank"], rank, out=below)
        self.xp.copyto(named, below)
        if self.weigh is not None:
            self.weigh()
        return self.backend.total(memory(named))
