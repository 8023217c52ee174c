"""SoftlabelSoftmaxLoss: the cross-entropy of a softmax with given distributions."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Number, at_least_one
from graphnet.blob import Array, Shape, feature_size, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import LossLayer, Reads, ScratchDecls, Shapes
from graphnet.layers.losses.class_weights import ClassWeighed, weights_of_classes
from graphnet.layers.losses.labels import label_shapes, memory
from graphnet.layers.losses.weights import weights_of
from graphnet.layers.number_traits import Normaliser
from graphnet.layers.shape.axis import axis_of, with_size, without


class SoftlabelSoftmaxLoss(ClassWeighed):
    """1 / M · Σ −weights · y · log softmax(x), for a distribution y over classes at each position.

    M is the number of positions. It reports ``loss_weight`` times the loss; rows that only
    fill up the last batch count nowhere. The gradient, softmax(x) · Σy − y of the weighted y, is
    exact also where y does not add up to 1. A class of y 0 costs nothing, even where its score is
    −∞. With Softmax tops of another net as y it distils that net.

    Bottoms:
        0: scores ``(N, C, …)``, not normalised.
        1: distributions, the same shape; they take no gradient.
        2: weights ``(N,)`` or of positions, if not all count alike; 0 leaves out.
    Example:
        - {name: loss, type: SoftlabelSoftmaxLoss, bottoms: [out, teacher]}
    Source:
        Mocha ``SoftlabelSoftmaxLossLayer`` (whose gradient takes Σy for 1).
    """

    normalises: ClassVar[Normaliser] = "Softmax"

    type: Literal["SoftlabelSoftmaxLoss"] = "SoftlabelSoftmaxLoss"

    @property
    def softmax_axis(self) -> int:
        return self.axis

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        scores, labels = bottoms[:2]
        axis_of(scores, self.axis)
        if scores != labels:
            raise ShapeError(
                f"distributions of shape {shape_text(labels)} do not fit scores of shape "
                f"{shape_text(scores)}\n  expected the same shape"
                + (
                    "; for the numbers of classes use SoftmaxLoss"
                    if labels in label_shapes(scores, self.axis)
                    else ""
                )
            )
        self.check_weights(bottoms, without(scores, axis_of(scores, self.axis)))
        if self.weights is not None:
            self.class_weights(scores)
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        scores = bottoms[0]
        positions = with_size(scores, axis_of(scores, self.axis), 1)
        decls = {
            "exp": ScratchDecl(scores, lifetime="pass", blob=True),
            "product": ScratchDecl(scores, blob=True),
            "absent": ScratchDecl(scores, "bool", blob=True),
            "total": ScratchDecl(positions, lifetime="pass", blob=True),
            "mass": ScratchDecl(positions, lifetime="pass", blob=True),
            "along": ScratchDecl(positions, blob=True),
        }
        if self.weights is not None:
            decls["weighted"] = ScratchDecl(scores, lifetime="pass", blob=True)
        return decls | self.weight_scratch(bottoms)

    def backward_reads(self) -> Reads:
        return Reads(bottoms=(1,)) if self.weights is None else Reads()


class SoftlabelSoftmaxLossLayer(LossLayer[SoftlabelSoftmaxLoss]):
    """Runs :class:`SoftlabelSoftmaxLoss`."""

    x: Any  # NumPy 2.5's types refuse max(keepdims=True, out=…)

    def setup(self) -> None:
        self.x, self.label = (b.data for b in self.bottoms[:2])
        self.dx = self.bottoms[0].diff
        self.weigh_classes: Call | None = None
        if self.spec.weights is not None:  # what follows is the loss of these numbers
            of_classes, given = weights_of_classes(self, self.x.shape), self.label
            self.label = self.scratch["weighted"]
            self.weigh_classes = partial(self.xp.multiply, given, of_classes, self.label)
        self.axis = axis_of(self.x.shape, self.spec.axis)
        self.exp, self.product, self.total, self.mass, self.along = (
            self.scratch[k] for k in ("exp", "product", "total", "mass", "along")
        )
        self.inner = feature_size(self.total.shape)  # positions in a sample
        axes_sum, axes = self.backend.axes_sum, (self.axis,)
        self.exponentiate = self.backend.elementwise(
            _exp, self.exp, self.label, self.product, self.scratch["absent"]
        )
        self.add_exp = axes_sum(self.exp, axes, self.total)
        self.add_mass = axes_sum(self.label, axes, self.mass)
        self._scale: Number = 0.0  # loss_weight / positions of the last batch
        self.weights = weights_of(self, without(self.x.shape, self.axis))
        self.weigh_costs: list[Call] = []
        self.weigh_diff: Call | None = None
        if self.weights is not None:
            over, sample = self.weights.over, self.x.shape[1:]
            self.weigh_costs = [
                over(self.along, self.along.shape[1:], self.axis),
                over(self.product, sample, self.axis),
            ]
            if self.dx is not None:
                self.weigh_diff = over(self.dx, sample, self.axis)

    def forward(self) -> None:
        xp, n_valid = self.xp, self.context.n_valid
        count: Number = n_valid * self.inner
        if self.weights is not None:
            self.weights.read(n_valid)
            count = self.weights.n_counted()
        if self.weigh_classes is not None:
            self.weigh_classes()
        self.x.max(axis=self.axis, keepdims=True, out=self.along)
        xp.subtract(self.x, self.along, out=self.exp)
        self.exponentiate()  # exp, and product = y · (x − max)
        self.add_exp()
        self.add_mass()
        xp.log(self.total, out=self.along)
        xp.multiply(self.along, self.mass, out=self.along)
        self._scale = self.spec.loss_weight / at_least_one(count)
        if n_valid < len(self.x):
            self.along[n_valid:] = self.product[n_valid:] = 0
        for weigh in self.weigh_costs:
            weigh()
        total = self.backend.total
        self.loss = self._scale * (total(memory(self.along)) - total(memory(self.product)))
        self.add(n_valid if self.weights is None else count, self.loss)

    def backward(self) -> None:
        """Assign dx = scale · (softmax(x) · Σy − y)."""
        if self.dx is None:
            return
        xp = self.xp
        xp.divide(self.mass, self.total, out=self.along)
        xp.multiply(self.exp, self.along, out=self.dx)
        xp.subtract(self.dx, self.label, out=self.dx)
        xp.multiply(self.dx, self._scale, out=self.dx)
        self.dx[self.context.n_valid :] = 0
        if self.weigh_diff is not None:
            self.weigh_diff()


def _exp(xp: Any, x: Array, y: Array, product: Array, absent: Array) -> None:
    xp.equal(y, 0, out=absent)
    xp.copyto(product, x)
    xp.copyto(product, 0, where=absent)  # −∞ · 0 is nothing
    xp.multiply(product, y, out=product)
    xp.exp(x, out=x)
