"""BinaryAccuracy: how often two numbers lie on the same side of a threshold."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.measures import Number
from graphnet.blob import Shape, feature_size, rows
from graphnet.layers.base import (
    Arity,
    Kind,
    MeasureLayer,
    ScratchDecls,
    Shapes,
    exactly,
)
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.labels import memory
from graphnet.layers.losses.pair import check_pair, row_shape
from graphnet.layers.losses.weights import Weighed, weights_of


class BinaryAccuracy(Weighed):
    """The part of the elements where prediction and label lie on the same side of a threshold.

    A number equal to the threshold lies below; a prediction that is NaN is wrong. It reports
    ``NAME`` (from 0 to 1) and, with ``report_error``, ``NAME.error`` (1 − accuracy).

    Bottoms:
        0: predictions ``(N, …)``.
        1: labels ``(N, …)``, as many elements a sample.
        2: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Args:
        threshold: 0 (default) for labels 1 and −1, 0.5 for labels 1 and 0.
        report_error: Also report the part that is wrong. Default false.
    Example:
        - {name: accuracy, type: BinaryAccuracy, threshold: 0.5, bottoms: [out, target]}
    Source:
        Mocha ``BinaryAccuracyLayer``.
    """

    kind: ClassVar[Kind] = Kind.STATISTIC
    n_bottoms: ClassVar[Arity] = Arity(2, 3)
    n_tops: ClassVar[Arity] = exactly(0)

    type: Literal["BinaryAccuracy"] = "BinaryAccuracy"
    threshold: float = 0.0
    report_error: bool = False

    @property
    def judges(self) -> Judgement:
        return Judgement("tags", threshold=self.threshold)

    @property
    def measures(self) -> tuple[str, ...]:
        return ("", "error") if self.report_error else ("",)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        check_pair(bottoms[:2])
        self.check_weights(bottoms, bottoms[0])
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        shape = row_shape(bottoms)
        decls = {name: ScratchDecl(shape, "bool", blob=True) for name in ("right", "side")}
        if self.weights_of(bottoms) is not None:
            decls["weighed"] = ScratchDecl(shape, blob=True)
        return decls | self.weight_scratch(bottoms)


class BinaryAccuracyLayer(MeasureLayer[BinaryAccuracy]):
    """Runs :class:`BinaryAccuracy`."""

    def setup(self) -> None:
        self.prediction, self.label = (rows(blob.data) for blob in self.bottoms[:2])
        self.right, self.side = self.scratch["right"], self.scratch["side"]
        self.weights = weights_of(self, self.bottoms[0].shape)
        if self.weights is not None:
            self.weighed = self.scratch["weighed"]
            self.weigh = self.weights.over(self.weighed, self.bottoms[0].shape[1:])

    def forward(self) -> None:
        xp, right, side, threshold = self.xp, self.right, self.side, self.spec.threshold
        xp.greater(self.prediction, threshold, out=right)
        xp.greater(self.label, threshold, out=side)
        xp.equal(right, side, out=right)
        xp.equal(self.prediction, self.prediction, out=side)  # False for NaN
        xp.logical_and(right, side, out=right)
        n_valid = self.context.n_valid
        if self.weights is not None:
            self.weights.read(n_valid)
            n_right, total = self.weight_of(right), self.weight_of(True)
            accuracy = n_right / (total + (total == 0))
            self.add(total, *(accuracy, 1 - accuracy)[: len(self.keys)])
            return
        n_right = self.backend.number(xp.count_nonzero(right[:n_valid]))
        count = n_valid * feature_size(right.shape)
        accuracy = n_right / max(count, 1)
        self.add(count, *(accuracy, 1 - accuracy)[: len(self.keys)])

    def weight_of(self, right: Any) -> Number:
        """What the elements weigh at which ``right`` is true."""
        self.xp.copyto(self.weighed, right)
        self.weigh()
        return self.backend.total(memory(self.weighed))
