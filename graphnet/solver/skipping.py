"""Skipping: which updates are left out, and that their batches leave nothing behind."""

from __future__ import annotations

from math import isfinite

from graphnet.backend.measures import Number
from graphnet.solver.loss_scale import LossScale
from graphnet.solver.spikes import SpikeWatch, StateKept
from graphnet.solver.trainable_net import TrainableNet


class Skipping:
    """Looks at the length of each gradient before its update.

    Args:
        net: What is trained.
        loss_scale: The factor on what its losses send back; None for none.
        spikes: Tells which gradients are far too long; None where nobody asks.

    Attributes:
        looks: Whether any update may be skipped.
    """

    def __init__(
        self, net: TrainableNet, loss_scale: LossScale | None, spikes: SpikeWatch | None
    ) -> None:
        self._net, self._loss_scale, self._spikes = net, loss_scale, spikes
        self.looks = spikes is not None or (loss_scale is not None and loss_scale.is_dynamic)
        self._kept = StateKept(net.store) if self.looks else None

    def begin(self) -> None:
        """A step begins."""
        if self._loss_scale is not None:
            self._net.context.loss_scale = self._loss_scale.value
        if self._kept is not None:
            self._kept.keep()

    def end(self) -> None:
        """The run ends: the net's diffs are no longer multiplied by anything."""
        self._net.context.loss_scale = 1.0

    def reason(self, norm: float, mean_loss: Number | None) -> str:
        """Why the update is to be skipped; empty if it is not. All ranks find the same.

        Args:
            norm: The length of its gradient.
            mean_loss: Of its batches, if there are several.
        """
        scale, spikes = self._loss_scale, self._spikes
        if scale is not None and scale.overflows(norm):
            loss = self._net.objective() if mean_loss is None else mean_loss
            self._leave_nothing(is_finite=isfinite(float(loss)))
            return scale.told()
        if spikes is not None and spikes.is_spike(norm):
            self._leave_nothing(is_finite=isfinite(norm))
            return spikes.told(norm)
        return ""

    def _leave_nothing(self, *, is_finite: bool) -> None:
        """Put back the running statistics; the sums too, if they are no longer ``is_finite``."""
        if self._kept is not None:
            self._kept.put_back()
        if not is_finite:
            self._net.reset_statistics()
