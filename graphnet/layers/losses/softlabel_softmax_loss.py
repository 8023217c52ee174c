"""SoftlabelSoftmaxLoss: the cross-entropy of a softmax with given distributions."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape, feature_size, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import LossLayer, Reads, ScratchDecls, Shapes
from graphnet.layers.losses.labels import label_shapes, memory
from graphnet.layers.losses.mean_loss import MeanLoss
from graphnet.layers.number_traits import Normaliser
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size


class SoftlabelSoftmaxLoss(MeanLoss):
    """1 / M · Σ −y · log softmax(x), for a distribution y over the classes at each position.

    M is the number of positions. It reports ``loss_weight`` times the loss; rows that only
    fill up the last batch count nowhere. The gradient, softmax(x) · Σy − y, is exact also where
    y does not add up to 1. A class of y 0 costs nothing, even where its score is −∞. With
    Softmax tops of another net as y it distils that net.

    Bottoms:
        0: scores ``(N, C, …)``, not normalised.
        1: distributions, the same shape; they take no gradient.
    Args:
        loss_weight: The factor of this loss in the objective. Default 1.
        axis: The axis of the classes, in ``(N, C, H, W)``. Default 1.
    Example:
        - {name: loss, type: SoftlabelSoftmaxLoss, bottoms: [out, teacher]}
    Source:
        Mocha ``SoftlabelSoftmaxLossLayer`` (whose gradient takes Σy for 1).
    """

    normalises: ClassVar[Normaliser] = "Softmax"

    type: Literal["SoftlabelSoftmaxLoss"] = "SoftlabelSoftmaxLoss"
    loss_weight: float = 1.0
    axis: FeatureAxis = 1

    @property
    def softmax_axis(self) -> int:
        return self.axis

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        scores, labels = bottoms
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
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        scores = bottoms[0]
        positions = with_size(scores, axis_of(scores, self.axis), 1)
        return {
            "exp": ScratchDecl(scores, lifetime="pass", blob=True),
            "product": ScratchDecl(scores, blob=True),
            "absent": ScratchDecl(scores, "bool", blob=True),
            "total": ScratchDecl(positions, lifetime="pass", blob=True),
            "mass": ScratchDecl(positions, lifetime="pass", blob=True),
            "along": ScratchDecl(positions, blob=True),
        }

    def backward_reads(self) -> Reads:
        return Reads(bottoms=(1,))


class SoftlabelSoftmaxLossLayer(LossLayer[SoftlabelSoftmaxLoss]):
    """Runs :class:`SoftlabelSoftmaxLoss`."""

    def setup(self) -> None:
        self.x, self.label = (b.data for b in self.bottoms)
        self.dx = self.bottoms[0].diff
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
        self._scale = 0.0  # loss_weight / positions of the last batch

    def forward(self) -> None:
        xp, n_valid = self.xp, self.context.n_valid
        self.x.max(axis=self.axis, keepdims=True, out=self.along)
        xp.subtract(self.x, self.along, out=self.exp)
        self.exponentiate()  # exp, and product = y · (x − max)
        self.add_exp()
        self.add_mass()
        xp.log(self.total, out=self.along)
        xp.multiply(self.along, self.mass, out=self.along)
        self._scale = self.spec.loss_weight / max(n_valid * self.inner, 1)
        if n_valid < len(self.x):
            self.along[n_valid:] = self.product[n_valid:] = 0
        total = self.backend.total
        self.loss = self._scale * (total(memory(self.along)) - total(memory(self.product)))
        self.add(n_valid, self.loss)

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


def _exp(xp: Any, x: Array, y: Array, product: Array, absent: Array) -> None:
    xp.equal(y, 0, out=absent)
    xp.copyto(product, x)
    xp.copyto(product, 0, where=absent)  # −∞ · 0 is nothing
    xp.multiply(product, y, out=product)
    xp.exp(x, out=x)
