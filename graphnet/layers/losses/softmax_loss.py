"""SoftmaxLoss: the cross-entropy of a softmax with class labels."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

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
        2: weights ``(N,)`` or of the labels' first axes, if not all count alike; 0 leaves out.
    Args:
        label_smoothing: The part of the probability that is shared out evenly among all classes
            instead of going to the label, from 0 to less than 1. Default 0.
    Example:
        - {name: loss, type: SoftmaxLoss, bottoms: [ip2, label]}
        - {name: loss2, type: SoftmaxLoss, weights: [1, 3], ignore_label: 255, loss_weight: 0.3,
           bottoms: [score, mask]}
    Source:
        Mocha ``SoftmaxLossLayer``, Caffe ``SoftmaxWithLoss``; for the smoothing Szegedy et al.
        2015, arXiv 1512.00567. PyTorch's ``CrossEntropyLoss`` multiplies what is shared out by the
        weights of those classes, and divides by the sum of the weights.
    """

    normalises: ClassVar[Normaliser] = "Softmax"

    type: Literal["SoftmaxLoss"] = "SoftmaxLoss"
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)

    @property
    def softmax_axis(self) -> int:
        return self.axis

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        scores, positions = bottoms[0], self.positions(bottoms)
        decls = super().scratch(bottoms, backend, backward=backward) | {
            "exp": ScratchDecl(scores, lifetime="pass", blob=True),
            "total": ScratchDecl(positions, lifetime="pass", blob=True),
            "along": ScratchDecl(positions, blob=True),
        }
        if self.label_smoothing:
            decls["shared"] = ScratchDecl(positions, blob=True)
        return decls


class SoftmaxLossLayer(LabelLossLayer[SoftmaxLoss]):
    """Runs :class:`SoftmaxLoss`."""

    def setup(self) -> None:
        super().setup()
        self.exp, self.total, self.along = (self.scratch[k] for k in ("exp", "total", "along"))
        self.flat_exp = memory(self.exp)
        self.write_exp = self.backend.elementwise(_exp, self.exp)
        self.write_max = self.backend.axis_max(self.x, self.axis, self.along, self.exp)
        self.write_total = self.backend.axes_sum(self.exp, (self.axis,), self.total)
        self.smoothing = self.spec.label_smoothing
        if self.smoothing:
            self.shared = self.scratch["shared"]
            self.write_shared = self.backend.axes_sum(self.exp, (self.axis,), self.shared)

    def write_cost(self) -> None:
        xp, along = self.xp, self.along
        self.write_max()
        xp.subtract(self.x, along, out=self.exp)
        self.backend.gather(self.flat_exp, self.flat_index, self.flat_cost)  # x[label] − max
        if self.smoothing:  # of x − max the label's with 1 − ε, and all with ε / C
            self.write_shared()
            xp.multiply(self.shared, self.smoothing / self.labels.n_class, out=self.shared)
            xp.multiply(self.cost, 1 - self.smoothing, out=self.cost)
            xp.add(self.cost, self.shared, out=self.cost)
        self.write_exp()
        self.write_total()
        xp.log(self.total, out=along)
        xp.subtract(along, self.cost, out=self.cost)

    def backward(self) -> None:
        """Assign dx = coef · (softmax(x) − (1 − ε) · [class is the label] − ε / C)."""
        if self.dx is None:
            return
        xp = self.xp
        xp.divide(self.coef, self.total, out=self.along)
        xp.multiply(self.exp, self.along, out=self.dx)
        if self.smoothing:
            xp.multiply(self.coef, self.smoothing / self.labels.n_class, out=self.along)
            xp.subtract(self.dx, self.along, out=self.dx)
            self.finish_diff(self.subtract_label)
        else:
            self.finish_diff(xp.subtract)

    def subtract_label(self, diff: Array, coef: Array, out: Array) -> None:
        """What the label's diff is less than the others."""
        along = memory(self.along)
        self.xp.multiply(coef, 1 - self.smoothing, out=along)
        self.xp.subtract(diff, along, out=out)


def _exp(xp: Any, x: Array) -> None:
    xp.exp(x, out=x)
