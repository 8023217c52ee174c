"""RBFLoss: the criterion LeNet-5 was trained with, on squared distances to classes."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array
from graphnet.declare.fields import NonNegativeFloat
from graphnet.layers.base import ScratchDecls, Shapes
from graphnet.layers.losses.label_loss import LabelLossLayer, LabelLossSpec
from graphnet.layers.losses.labels import memory


class RBFLoss(LabelLossSpec):
    """The mean of y[label] + log(exp(−j) + Σ exp(−y)) over the positions, for distances y.

    It pulls the distance of the true class down and pushes those of the others up: maximum
    a-posteriori training, with exp(−j) the prior of a sample that belongs to no class. The push
    fades where the others are farther than j; with a large j the loss is the cross-entropy of
    softmax(−y). The loss and the number it reports are
    ``loss_weight / divisor · Σ weights[label] · cost``; over several batches that number is
    weighted by the divisors. Rows that only fill up the last batch count nowhere.

    Bottoms:
        0: distances ``(N, C, …)``, such as RBF gives.
        1: labels ``(N, …)`` or ``(N, 1, …)``: one for each position, whole numbers from 0 to C − 1.
        2: weights ``(N,)`` or of the labels' first axes, if not all count alike; 0 leaves out.
    Args:
        j: The distance of the class of samples that belong to none, at least 0. Default 1; the
            paper names no value.
    Example:
        - {name: output, type: RBF, output_dim: 10, bottoms: [f6], tops: [distance]}
        - {name: loss, type: RBFLoss, j: 10, bottoms: [distance, label]}
    Source:
        LeCun, Bottou, Bengio & Haffner 1998, eq. 9.
    """

    type: Literal["RBFLoss"] = "RBFLoss"
    j: NonNegativeFloat = 1.0

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        y, positions = bottoms[0], self.positions(bottoms)
        return super().scratch(bottoms, backend, backward=backward) | {
            "exp": ScratchDecl(y, lifetime="pass", blob=True),
            "total": ScratchDecl(positions, lifetime="pass", blob=True),
            "nearest": ScratchDecl(positions, blob=True),
        }

    @property
    def judges(self) -> None:
        """Not as others do: of distances the smallest is the answer."""
        return None


class RBFLossLayer(LabelLossLayer[RBFLoss]):
    """Runs :class:`RBFLoss`."""

    def setup(self) -> None:
        super().setup()
        self.exp, self.total, self.nearest = (
            self.scratch[name] for name in ("exp", "total", "nearest")
        )
        self.flat_x = memory(self.x)
        self.write_exp = self.backend.elementwise(_exp_of_negative, self.exp)
        self.write_total = self.backend.axes_sum(self.exp, (self.axis,), self.total)

    def write_cost(self) -> None:
        """y[label] − m + log(exp(m − j) + Σ exp(m − y)), with m the least of j and all y."""
        xp, nearest, total = self.xp, self.nearest, self.total
        self.x.min(axis=self.axis, keepdims=True, out=nearest)
        xp.minimum(nearest, self.spec.j, out=nearest)
        xp.subtract(self.x, nearest, out=self.exp)
        self.write_exp()
        self.write_total()
        self.backend.gather(self.flat_x, self.flat_index, self.flat_cost)
        xp.subtract(self.cost, nearest, out=self.cost)
        xp.subtract(nearest, self.spec.j, out=nearest)
        xp.exp(nearest, out=nearest)
        xp.add(total, nearest, out=total)
        xp.log(total, out=nearest)
        xp.add(self.cost, nearest, out=self.cost)

    def backward(self) -> None:
        """Assign dy = coef · ([class is the label] − exp(−y) / (exp(−j) + Σ exp(−y)))."""
        if self.dx is None:
            return
        xp = self.xp
        xp.divide(self.coef, self.total, out=self.nearest)
        xp.negative(self.nearest, out=self.nearest)
        xp.multiply(self.exp, self.nearest, out=self.dx)
        self.finish_diff(xp.add)


def _exp_of_negative(xp: Any, x: Array) -> None:
    xp.negative(x, out=x)
    xp.exp(x, out=x)
