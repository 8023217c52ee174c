"""BinaryAccuracy: how often two numbers lie on the same side of a threshold."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Shape, feature_size, rows
from graphnet.layers.base import (
    Arity,
    Kind,
    LayerSpec,
    MeasureLayer,
    ScratchDecls,
    Shapes,
    exactly,
)
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.pair import check_pair, row_shape


class BinaryAccuracy(LayerSpec):
    """The part of the elements where prediction and label lie on the same side of a threshold.

    A number equal to the threshold lies below; a prediction that is NaN is wrong. It reports
    ``NAME`` (from 0 to 1) and, with ``report_error``, ``NAME.error`` (1 − accuracy).

    Bottoms:
        0: predictions ``(N, …)``.
        1: labels ``(N, …)``, as many elements a sample.
    Args:
        threshold: 0 (default) for labels 1 and −1, 0.5 for labels 1 and 0.
        report_error: Also report the part that is wrong. Default false.
    Example:
        - {name: accuracy, type: BinaryAccuracy, threshold: 0.5, bottoms: [out, target]}
    Source:
        Mocha ``BinaryAccuracyLayer``.
    """

    kind: ClassVar[Kind] = Kind.STATISTIC
    n_bottoms: ClassVar[Arity] = exactly(2)
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
        check_pair(bottoms)
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        shape = row_shape(bottoms)
        return {name: ScratchDecl(shape, "bool", blob=True) for name in ("right", "side")}


class BinaryAccuracyLayer(MeasureLayer[BinaryAccuracy]):
    """Runs :class:`BinaryAccuracy`."""

    def setup(self) -> None:
        self.prediction, self.label = (rows(blob.data) for blob in self.bottoms)
        self.right, self.side = self.scratch["right"], self.scratch["side"]

    def forward(self) -> None:
        xp, right, side, threshold = self.xp, self.right, self.side, self.spec.threshold
        xp.greater(self.prediction, threshold, out=right)
        xp.greater(self.label, threshold, out=side)
        xp.equal(right, side, out=right)
        xp.equal(self.prediction, self.prediction, out=side)  # False for NaN
        xp.logical_and(right, side, out=right)
        n_valid = self.context.n_valid
        n_right = self.backend.number(xp.count_nonzero(right[:n_valid]))
        count = n_valid * feature_size(right.shape)
        accuracy = n_right / max(count, 1)
        self.add(count, *(accuracy, 1 - accuracy)[: len(self.keys)])
