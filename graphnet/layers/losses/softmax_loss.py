"""SoftmaxLoss: the cross-entropy of a softmax with class labels."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array
from graphnet.layers.base import ScratchDecls, Shapes
from graphnet.layers.losses.label_loss import LabelLossLayer, LabelLossSpec
from graphnet.layers.losses.labels import memory
from graphnet.layers.number_traits import Normaliser


class SoftmaxLoss(LabelLossSpec):
    """The mean of −log softmax(x)[label] over the positions: multi-class cross-entropy.

    It is computed as log Σ exp(x − max) + max − x[label], which neither overflows nor needs a
    smallest probability. The loss is ``loss_weight / divisor · Σ weights[label] · cost``, and so is
    the number it reports; over several batches that is weighted by the divisors. Rows that only
    fill up the last batch count nowhere.

    Bottoms:
        0: scores ``(N, C, …)``, not normalised.
        1: labels ``(N, …)`` or ``(N, 1, …)``: one for each position, whole numbers from 0 to C − 1.
    Example:
        - {name: loss, type: SoftmaxLoss, bottoms: [ip2, label]}
        - {name: loss2, type: SoftmaxLoss, weights: [1, 3], ignore_label: 255, loss_weight: 0.3,
           bottoms: [score, mask]}
    Source:
        Mocha ``SoftmaxLossLayer`` (which also takes other weights for each row of a batch), Caffe
        ``SoftmaxWithLoss``.
    """

    normalises: ClassVar[Normaliser] = "Softmax"

    type: Literal["SoftmaxLoss"] = "SoftmaxLoss"

    @property
    def softmax_axis(self) -> int:
        return self.axis

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        scores, positions = bottoms[0], self.positions(bottoms)
        return super().scratch(bottoms, backend, backward=backward) | {
            "exp": ScratchDecl(scores, lifetime="pass", blob=True),
            "total": ScratchDecl(positions, lifetime="pass", blob=True),
            "along": ScratchDecl(positions, blob=True),
        }


class SoftmaxLossLayer(LabelLossLayer[SoftmaxLoss]):
    """Runs :class:`SoftmaxLoss`."""

    def setup(self) -> None:
        super().setup()
        self.exp, self.total, self.along = (self.scratch[k] for k in ("exp", "total", "along"))
        self.flat_exp = memory(self.exp)
        self.write_exp = self.backend.elementwise(_exp, self.exp)
        self.write_max = self.backend.axis_max(self.x, self.axis, self.along, self.exp)
        self.write_total = self.backend.axes_sum(self.exp, (self.axis,), self.total)

    def write_cost(self) -> None:
        xp, along = self.xp, self.along
        self.write_max()
        xp.subtract(self.x, along, out=self.exp)
        self.backend.gather(self.flat_exp, self.flat_index, self.flat_cost)  # x[label] − max
        self.write_exp()
        self.write_total()
        xp.log(self.total, out=along)
        xp.subtract(along, self.cost, out=self.cost)

    def backward(self) -> None:
        """Assign dx = coef · (softmax(x) − [class is the label])."""
        if self.dx is None:
            return
        xp = self.xp
        xp.divide(self.coef, self.total, out=self.along)
        xp.multiply(self.exp, self.along, out=self.dx)
        self.finish_diff(xp.subtract)


def _exp(xp: Any, x: Array) -> None:
    xp.exp(x, out=x)
