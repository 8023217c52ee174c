"""BinaryCrossEntropyLoss: of probabilities with targets, element by element."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.pair import SMALLEST
from graphnet.layers.losses.yes_no import YesNoLoss
from graphnet.layers.number_traits import Normaliser


class BinaryCrossEntropyLoss(YesNoLoss):
    """−1 / N · Σ [w y log p + (1 − y) log(1 − p)]: summed over a sample, mean over samples.

    w is the ``positive_weight``. p and 1 − p below 1e-20 count as 1e-20, in the loss and in the
    gradient. On scores before a Sigmoid, SigmoidCrossEntropyLoss is more exact. It reports
    ``loss_weight`` times the loss.

    Bottoms:
        0: probabilities p ``(N, …)``, from 0 to 1.
        1: targets y ``(N, …)``, from 0 to 1; as many elements a sample. They may take a gradient.
        2: weights ``(N,)`` or of bottom 0's first axes, if not all count alike; 0 leaves out.
    Example:
        - {name: bce, type: BinaryCrossEntropyLoss, bottoms: [out, data]}
    Source:
        Mocha ``BinaryCrossEntropyLossLayer`` (which has no bound, and whose targets take a
        gradient only if the probabilities do).
    """

    takes_normalised: ClassVar[Normaliser] = "Sigmoid"

    type: Literal["BinaryCrossEntropyLoss"] = "BinaryCrossEntropyLoss"

    @property
    def judges(self) -> Judgement:
        return Judgement("tags", threshold=0.5)

    def cost(
        self, xp: Any, a: Array, b: Array, scratch: Array, cost: Array, each: Array | None = None
    ) -> None:
        # the terms are computed separately: log p − log(1 − p) might be rounding alone
        xp.subtract(1.0, b, out=cost)
        _log_rest(xp, a, scratch)
        xp.multiply(cost, scratch, out=cost)
        _log(xp, a, scratch)
        xp.multiply(scratch, b, out=scratch)
        self.weigh(xp, scratch, each)
        xp.add(cost, scratch, out=cost)
        xp.negative(cost, out=cost)

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
        if which == 0:  # (1 − y) / (1 − p) − w y / p
            xp.subtract(1.0, a, out=scratch)
            xp.maximum(scratch, SMALLEST, out=scratch)
            xp.subtract(1.0, b, out=slope)
            xp.divide(slope, scratch, out=slope)
            xp.maximum(a, SMALLEST, out=scratch)
            xp.divide(b, scratch, out=scratch)
            self.weigh(xp, scratch, each)
            xp.subtract(slope, scratch, out=slope)
        else:  # log(1 − p) − w log p
            _log(xp, a, scratch)
            self.weigh(xp, scratch, each)
            _log_rest(xp, a, slope)
            xp.subtract(slope, scratch, out=slope)

    def weigh(self, xp: Any, values: Array, each: Array | None) -> None:
        """Multiply what stands for yes."""
        if self.is_weighted:
            xp.multiply(values, self.positive(each), out=values)


def _log(xp: Any, p: Array, out: Array) -> None:
    xp.maximum(p, SMALLEST, out=out)
    xp.log(out, out=out)


def _log_rest(xp: Any, p: Array, out: Array) -> None:
    xp.subtract(1.0, p, out=out)
    xp.maximum(out, SMALLEST, out=out)
    xp.log(out, out=out)
