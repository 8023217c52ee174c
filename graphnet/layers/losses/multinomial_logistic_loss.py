"""MultinomialLogisticLoss: the cross-entropy of given probabilities with class labels."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.layers.base import ScratchDecls, Shapes
from graphnet.layers.losses.label_loss import LabelLossLayer, LabelLossSpec
from graphnet.layers.losses.labels import memory
from graphnet.layers.losses.pair import SMALLEST
from graphnet.layers.number_traits import Normaliser


class MultinomialLogisticLoss(LabelLossSpec):
    """The mean of −log p[label] over the positions, for probabilities such as a Softmax gives.

    Probabilities below 1e-20 count as 1e-20; their gradient is that of 1e-20, so that a net can
    learn from its worst mistakes. The loss and the number it reports are
    ``loss_weight / divisor · Σ weights[label] · cost``; over several batches that number is
    weighted by the divisors.

    Bottoms:
        0: probabilities ``(N, C, …)``.
        1: labels ``(N, …)`` or ``(N, 1, …)``: one for each position, whole numbers from 0 to C − 1.
        2: weights ``(N,)`` or of the labels' first axes, if not all count alike; 0 leaves out.
    Example:
        - {name: loss, type: MultinomialLogisticLoss, bottoms: [prob, label]}
    Source:
        Mocha ``MultinomialLogisticLossLayer`` (which has no gradient), Caffe
        ``MultinomialLogisticLoss``.
    """

    takes_normalised: ClassVar[Normaliser] = "Softmax"

    type: Literal["MultinomialLogisticLoss"] = "MultinomialLogisticLoss"

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return super().scratch(bottoms, backend, backward=backward) | {
            "probability": ScratchDecl(self.positions(bottoms), lifetime="pass", blob=True)
        }


class MultinomialLogisticLossLayer(LabelLossLayer[MultinomialLogisticLoss]):
    """Runs :class:`MultinomialLogisticLoss`."""

    def setup(self) -> None:
        super().setup()
        self.flat_x, self.probability = memory(self.x), memory(self.scratch["probability"])

    def write_cost(self) -> None:
        self.backend.gather(self.flat_x, self.flat_index, self.probability)
        self.xp.maximum(self.probability, SMALLEST, out=self.probability)
        self.xp.log(self.probability, out=self.flat_cost)
        self.xp.negative(self.flat_cost, out=self.flat_cost)

    def backward(self) -> None:
        """Assign dx = −coef / p at the label, 0 elsewhere."""
        if self.dx is None:
            return
        self.dx.fill(0)
        self.xp.divide(self.flat_coef, self.probability, out=self.flat_cost)
        self.xp.negative(self.flat_cost, out=self.flat_cost)
        self.backend.scatter(self.flat_dx, self.flat_index, self.flat_cost)
        if self.may_cost_nothing:
            self.leave_out(self.dx)
