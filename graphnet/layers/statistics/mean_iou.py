"""MeanIoU: how well the areas of each class are met, as segmentation is judged."""

from __future__ import annotations

from math import nan
from typing import Any, ClassVar, Literal

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Number
from graphnet.blob import Array, Shape
from graphnet.layers.base import Arity, Kind, ScratchDecls, Shapes, exactly
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.labels import ClassLabels, check_label_shape, label_scratch, memory
from graphnet.layers.losses.weights import Weighed, left_out, weights_of
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size, without
from graphnet.layers.statistics.counts import CountingLayer


class MeanIoU(Weighed):
    """The mean over the classes of the area that is right / all that is, or is said to be, theirs.

    Of a class, the positions that have this label and the largest score for it are the
    intersection, those that have either the union. Both are counted over all samples, and then
    divided (IoU, intersection over union; the index of Jaccard). A class that is neither there nor
    said to be is left out of the mean. Of equal scores the smaller class is taken; where a score is
    NaN none is.

    Bottoms:
        0: scores ``(N, C, …)``.
        1: labels ``(N, …)`` or ``(N, 1, …)``: one for each position, whole numbers from 0 to C − 1.
        2: weights ``(N,)`` or of the labels' first axes, if not all count alike; 0 leaves out.
    Args:
        axis: The axis of the classes, in ``(N, C, H, W)``. Default 1.
        ignore_label: Positions with this label do not count; it need not be a class.
    Example:
        - {name: iou, type: MeanIoU, phase: test, bottoms: [maps, areas]}
    Source:
        Everingham et al. 2010, The Pascal visual object classes challenge; torchmetrics
        ``MulticlassJaccardIndex`` with ``average="macro"``.
    """

    kind: ClassVar[Kind] = Kind.STATISTIC
    n_bottoms: ClassVar[Arity] = Arity(2, 3)
    n_tops: ClassVar[Arity] = exactly(0)

    type: Literal["MeanIoU"] = "MeanIoU"
    axis: FeatureAxis = 1
    ignore_label: int | None = None

    @property
    def judges(self) -> Judgement:
        return Judgement("classes", self.axis, ignore_label=self.ignore_label)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        scores, label = bottoms[:2]
        check_label_shape(scores, label, self.axis)
        self.check_weights(bottoms, without(scores, axis_of(scores, self.axis)))
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        scores = bottoms[0]
        positions = with_size(scores, axis_of(scores, self.axis), 1)
        return (
            label_scratch(scores, self.axis)
            | {name: ScratchDecl(positions, blob=True) for name in ("best", "area")}
            | {
                name: ScratchDecl(positions, "bool", blob=True)
                for name in ("counted", "free", "said", "own")
            }
            | self.weight_scratch(bottoms)
        )

    def n_indices(self, bottoms: Shapes) -> int:
        return bottoms[0][axis_of(bottoms[0], self.axis)]


class MeanIoULayer(CountingLayer[MeanIoU]):
    """Runs :class:`MeanIoU`."""

    def setup(self) -> None:
        self.scores: Any = self.bottoms[0].data
        axis = self.axis = axis_of(self.scores.shape, self.spec.axis)
        self.weights = weights_of(self, without(self.scores.shape, axis))
        self.labels = ClassLabels(
            self.backend,
            self.scores,
            self.bottoms[1].data,
            self.spec.axis,
            self.spec.ignore_label,
            self.scratch,
            without=left_out(self.weights, self.scores.ndim, axis),
        )
        self.expectations.append(self.labels.expectation)
        self.best = self.scratch["best"]
        self.weigh: Call | None = None
        if self.weights is not None:
            self.weigh = self.weights.over(self.scratch["area"], self.best.shape[1:], axis)
        place = (slice(None),) * axis
        self.of_class = [self.scores[(*place, slice(c, c + 1))] for c in range(self.labels.n_class)]
        self.count_up(2 * self.labels.n_class)

    def forward(self) -> None:
        n_valid = self.context.n_valid
        if self.weights is not None:
            self.weights.read(n_valid)
        self.labels.read()
        xp, counted, free = self.xp, self.scratch["counted"], self.scratch["free"]
        counted.fill(True)
        if self.labels.ignores:
            xp.logical_not(self.labels.ignored, out=counted)
        counted[n_valid:] = False
        xp.copyto(free, counted)
        self.scores.max(axis=self.axis, keepdims=True, out=self.best)
        both, either = list[Number](), list[Number]()
        for c in range(self.labels.n_class):
            self.write_said(c, free)
            said, own = self.scratch["said"], self.scratch["own"]
            xp.equal(self.labels.classes, c, out=own)
            xp.logical_and(own, counted, out=own)
            xp.logical_or(own, said, out=self.labels.flag)
            xp.logical_and(own, said, out=own)
            both.append(self.area(own))
            either.append(self.area(self.labels.flag))
        self.add_counts([*both, *either])

    def write_said(self, c: int, free: Array) -> None:
        """Where the class is taken; no longer ``free`` then for those behind it."""
        xp, said = self.xp, self.scratch["said"]
        xp.equal(self.of_class[c], self.best, out=said)
        xp.logical_and(said, free, out=said)
        xp.logical_xor(free, said, out=free)

    def area(self, where: Array) -> Number:
        """How many positions there are, or what they weigh."""
        if self.weigh is None:
            return self.backend.number(self.xp.count_nonzero(where))
        area = self.scratch["area"]
        self.xp.copyto(area, where)
        self.weigh()
        return self.backend.total(memory(area))

    def worked_out(self, counts: np.ndarray) -> list[float]:
        both, either = counts.reshape(2, -1)
        there = either > 0
        return [float((both[there] / either[there]).mean()) if there.any() else nan]
