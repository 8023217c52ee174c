"""Within: how often a number is as near to its target as asked for."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.measures import Number
from graphnet.blob import Shape, feature_size, rows
from graphnet.declare.fields import PositiveFloat
from graphnet.layers.base import Arity, Kind, MeasureLayer, ScratchDecls, Shapes, exactly
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.labels import memory
from graphnet.layers.losses.pair import check_pair, row_shape
from graphnet.layers.losses.weights import Weighed, weights_of


class Within(Weighed):
    """The part of the elements where |prediction − target| is less than ``tolerance``.

    A prediction or target that is NaN is never near. It reports ``NAME``, from 0 to 1.

    Bottoms:
        0: predictions ``(N, …)``.
        1: targets ``(N, …)``, as many elements a sample.
        2: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Args:
        tolerance: The distance that counts as wrong, in the unit of the bottoms.
    Example:
        - {name: accuracy, type: Within, tolerance: 0.04, phase: test, bottoms: [out, target]}
    Source:
        Hochreiter & Schmidhuber 1997, who call a sequence correct by it. Neither Mocha nor Caffe
        has it.
    """

    kind: ClassVar[Kind] = Kind.STATISTIC
    n_bottoms: ClassVar[Arity] = Arity(2, 3)
    n_tops: ClassVar[Arity] = exactly(0)

    type: Literal["Within"] = "Within"
    tolerance: PositiveFloat

    @property
    def judges(self) -> Judgement:
        return Judgement("numbers")

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        check_pair(bottoms[:2])
        self.check_weights(bottoms, bottoms[0])
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        shape = row_shape(bottoms)
        decls = {
            "distance": ScratchDecl(shape, blob=True),
            "near": ScratchDecl(shape, "bool", blob=True),
        }
        return decls | self.weight_scratch(bottoms)


class WithinLayer(MeasureLayer[Within]):
    """Runs :class:`Within`."""

    def setup(self) -> None:
        self.prediction, self.target = (rows(blob.data) for blob in self.bottoms[:2])
        self.distance, self.near = self.scratch["distance"], self.scratch["near"]
        self.weights = weights_of(self, self.bottoms[0].shape)
        if self.weights is not None:
            self.weigh = self.weights.over(self.distance, self.bottoms[0].shape[1:])

    def forward(self) -> None:
        xp, near, n_valid = self.xp, self.near, self.context.n_valid
        xp.subtract(self.prediction, self.target, out=self.distance)
        xp.abs(self.distance, out=self.distance)
        xp.less(self.distance, self.spec.tolerance, out=near)
        if self.weights is not None:
            self.weights.read(n_valid)
            n_near, total = self.weight_of(near), self.weight_of(True)
            self.add(total, n_near / (total + (total == 0)))
            return
        n_near = self.backend.number(xp.count_nonzero(near[:n_valid]))
        count = n_valid * feature_size(near.shape)
        self.add(count, n_near / max(count, 1))

    def weight_of(self, near: Any) -> Number:
        """What the elements weigh at which ``near`` is true."""
        self.xp.copyto(self.distance, near)
        self.weigh()
        return self.backend.total(memory(self.distance))
