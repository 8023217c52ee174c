"""SigmoidCrossEntropyLoss: of scores with targets, element by element."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from graphnet.backend.measures import Number
from graphnet.blob import Array, rows
from graphnet.layers.base import Binding
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.yes_no import YesNoLoss, YesNoLossLayer
from graphnet.layers.number_traits import Normaliser


class SigmoidCrossEntropyLoss(YesNoLoss):
    """−1 / divisor · Σ [w y log σ(x) + (1 − y) log(1 − σ(x))], for independent yes-no targets.

    w is the ``positive_weight``. By max(x, 0) and log(1 + exp(−|x|)) it neither overflows nor
    loses precision, as a Sigmoid followed by BinaryCrossEntropyLoss may; an infinite score counts
    as the largest finite one. It reports ``loss_weight`` times the loss; over several
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
           positive_weight: 5, bottoms: [guess, tags]}
    Source:
        Caffe ``SigmoidCrossEntropyLoss``, which compares the ignored label with the target's
        whole part. The weight is ``pos_weight`` of PyTorch's
        ``BCEWithLogitsLoss``, whose mean is over all elements: ``divisor: full``.
    """

    normalises: ClassVar[Normaliser] = "Sigmoid"

    type: Literal["SigmoidCrossEntropyLoss"] = "SigmoidCrossEntropyLoss"
    ignore_label: int | None = None

    @property
    def judges(self) -> Judgement:
        ignored = self.ignore_label
        return Judgement("tags", squash="sigmoid", threshold=0.0, ignore_label=ignored)

    def cost(
        self, xp: Any, a: Array, b: Array, scratch: Array, cost: Array, each: Array | None = None
    ) -> None:
        largest = float(np.finfo(a.dtype).max)
        xp.clip(a, 0.0, largest, out=cost)
        if not self.is_weighted:  # (1 − y) · max(x, 0) + y · max(−x, 0) + log(1 + exp(−|x|))
            xp.subtract(1.0, b, out=scratch)
            xp.multiply(cost, scratch, out=cost)
            xp.clip(a, -largest, 0.0, out=scratch)
            xp.multiply(scratch, b, out=scratch)
            xp.subtract(cost, scratch, out=cost)
            _log_of_both(xp, a, scratch)
            xp.add(cost, scratch, out=cost)
        else:  # the cost of no, and w y times that of yes: in two parts, as there is one scratch
            positive = self.positive(each)
            _log_of_both(xp, a, scratch)
            xp.add(cost, scratch, out=cost)
            xp.subtract(1.0, b, out=scratch)
            xp.multiply(cost, scratch, out=cost)
            for part, combine in ((_log_of_both, xp.add), (_below_zero, xp.subtract)):
                part(xp, a, scratch)
                xp.multiply(scratch, b, out=scratch)
                xp.multiply(scratch, positive, out=scratch)
                combine(cost, scratch, out=cost)
        self.leave_out(xp, b, scratch, cost)

    def slope(
        self,
        xp: Any,
        which: int,
        a: Array,
        b: Array,
        scratch: Array,
        slope: Array,
        each: Array | None = None,
    ) -> None:
        positive = self.positive(each)
        match which, self.is_weighted:
            case 0, False:  # σ(x) − y
                _sigmoid(xp, a, slope)
                xp.subtract(slope, b, out=slope)
            case 0, True:  # (1 − y) σ(x) − w y (1 − σ(x))
                _sigmoid(xp, a, scratch)
                xp.subtract(1.0, b, out=slope)
                xp.multiply(slope, scratch, out=slope)
                xp.subtract(1.0, scratch, out=scratch)
                xp.multiply(scratch, b, out=scratch)
                xp.multiply(scratch, positive, out=scratch)
                xp.subtract(slope, scratch, out=slope)
            case _, False:
                xp.negative(a, out=slope)
            case _, True:  # the cost of yes, times w, less that of no
                _below_zero(xp, a, slope)
                _log_of_both(xp, a, scratch)
                xp.subtract(scratch, slope, out=slope)
                xp.multiply(slope, positive, out=slope)
                xp.subtract(slope, scratch, out=slope)
                xp.clip(a, 0.0, float(np.finfo(a.dtype).max), out=scratch)
                xp.subtract(slope, scratch, out=slope)
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


class SigmoidCrossEntropyLossLayer(YesNoLossLayer):
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


def _log_of_both(xp: Any, x: Array, out: Array) -> None:
    """What both sides of a score cost: log(1 + exp(−|x|))."""
    xp.absolute(x, out=out)
    xp.negative(out, out=out)
    xp.exp(out, out=out)
    xp.log1p(out, out=out)


def _below_zero(xp: Any, x: Array, out: Array) -> None:
    xp.clip(x, -float(np.finfo(x.dtype).max), 0.0, out=out)


def _sigmoid(xp: Any, x: Array, out: Array) -> None:
    xp.multiply(x, 0.5, out=out)
    xp.tanh(out, out=out)
    xp.multiply(out, 0.5, out=out)
    xp.add(out, 0.5, out=out)
