"""SigmoidCrossEntropyLoss: of scores with targets, element by element."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from graphnet.backend.measures import Number
from graphnet.blob import Array, rows
from graphnet.layers.base import Binding
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.pair_loss import PairLoss, PairLossLayer
from graphnet.layers.number_traits import Normaliser


class SigmoidCrossEntropyLoss(PairLoss):
    """−1 / divisor · Σ [y log σ(x) + (1 − y) log(1 − σ(x))], for independent yes-no targets.

    It is computed as (1 − y) · max(x, 0) + y · max(−x, 0) + log(1 + exp(−|x|)), which neither
    overflows nor loses precision, as a Sigmoid followed by BinaryCrossEntropyLoss may; an infinite
    score counts as the largest finite one. It reports ``loss_weight`` times the loss; over several
    batches that is weighted by the divisors.

    Bottoms:
        0: scores x ``(N, …)``, before any sigmoid.
        1: targets y ``(N, …)``, from 0 to 1; as many elements a sample. They may take a gradient,
            unless there is an ``ignore_label``.
        2: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Args:
        ignore_label: Elements with exactly this target cost nothing; it need not be a probability.
    Example:
        - {name: loss, type: SigmoidCrossEntropyLoss, bottoms: [out, target]}
        - {name: tags, type: SigmoidCrossEntropyLoss, ignore_label: -1, divisor: valid,
           bottoms: [guess, tags]}
    Source:
        Caffe ``SigmoidCrossEntropyLoss``, which compares the ignored label with the target's
        whole part.
    """

    normalises: ClassVar[Normaliser] = "Sigmoid"

    type: Literal["SigmoidCrossEntropyLoss"] = "SigmoidCrossEntropyLoss"
    ignore_label: int | None = None

    @property
    def judges(self) -> Judgement:
        ignored = self.ignore_label
        return Judgement("tags", squash="sigmoid", threshold=0.0, ignore_label=ignored)

    def cost(self, xp: Any, a: Array, b: Array, scratch: Array, cost: Array) -> None:
        largest = float(np.finfo(a.dtype).max)
        xp.clip(a, 0.0, largest, out=cost)
        xp.subtract(1.0, b, out=scratch)
        xp.multiply(cost, scratch, out=cost)
        xp.clip(a, -largest, 0.0, out=scratch)
        xp.multiply(scratch, b, out=scratch)
        xp.subtract(cost, scratch, out=cost)
        xp.absolute(a, out=scratch)
        xp.negative(scratch, out=scratch)
        xp.exp(scratch, out=scratch)
        xp.log1p(scratch, out=scratch)
        xp.add(cost, scratch, out=cost)
        self.leave_out(xp, b, scratch, cost)

    def slope(self, xp: Any, which: int, a: Array, b: Array, scratch: Array, slope: Array) -> None:
        if which == 0:  # σ(x) − y
            xp.multiply(a, 0.5, out=slope)
            xp.tanh(slope, out=slope)
            xp.multiply(slope, 0.5, out=slope)
            xp.add(slope, 0.5, out=slope)
            xp.subtract(slope, b, out=slope)
        else:
            xp.negative(a, out=slope)
        self.leave_out(xp, b, scratch, slope)

    def leave_out(self, xp: Any, target: Array, scratch: Array, values: Array) -> None:
        """Zero the values of ignored elements."""
        if self.ignore_label is not None:
            xp.not_equal(target, self.ignore_label, out=scratch)
            xp.multiply(values, scratch, out=values)

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0, 1) if self.ignore_label is None else (0,)

    def build(self, binding: Binding) -> SigmoidCrossEntropyLossLayer:
        return SigmoidCrossEntropyLossLayer(self, binding)


class SigmoidCrossEntropyLossLayer(PairLossLayer):
    """Runs :class:`SigmoidCrossEntropyLoss`."""

    spec: SigmoidCrossEntropyLoss

    def setup(self) -> None:
        super().setup()
        self.targets = rows(self.bottoms[1].data)

    def n_counted(self, n_valid: int) -> Number:
        if self.spec.ignore_label is None:
            return super().n_counted(n_valid)
        elements, targets = self.cost[:n_valid], self.targets[:n_valid]
        self.xp.not_equal(targets, self.spec.ignore_label, out=elements)
        if self.weigh_cost is not None:
            self.weigh_cost()
        return self.backend.number(self.xp.count_nonzero(elements))
