"""DecayOnValidation: a lower learning rate after a worse validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from graphnet.declare.fields import NonNegativeFloat
from graphnet.solver.coffee.base import CoffeeBreak, Saved
from graphnet.solver.coffee.direction import Best, Mode
from graphnet.solver.coffee.items import checked
from graphnet.solver.coffee.lower_rate import check_best_is_kept, lower_rate
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet


@checked
class DecayOnValidation(CoffeeBreak):
    """Multiplies the rate by ``gamma`` whenever a statistic is worse than the time before.

    It looks whenever the statistic is recorded and needs no schedule; the policy's rate is
    scaled from then on.

    Args:
        key: The statistic, such as ``accuracy``.
        gamma: What the rate is multiplied by. Default 0.5.
        min_lr: The rate does not go below it. Default 1e-8.
        mode: ``max`` or ``min``. Default: what the name of the key says.
        restore_best: Also bring the params, state and history of the best snapshot back; the
            iterations count on. Needs a Snapshot with ``keep_best`` of the same key. Default
            false.

    Example:
        - {type: DecayOnValidation, key: accuracy, gamma: 0.5}
    Source:
        Mocha ``LRPolicy.DecayOnValidation``, which goes back to its newest snapshot each time.
    """

    def __init__(
        self,
        key: str,
        gamma: Annotated[float, Field(gt=0, lt=1)] = 0.5,
        min_lr: NonNegativeFloat = 1e-8,
        mode: Mode | None = None,
        restore_best: bool = False,
    ) -> None:
        self.key, self.gamma, self.min_lr, self.restore_best = key, gamma, min_lr, restore_best
        self._compare = Best(key, mode)
        self._previous: float | None = None

    @property
    def needs_schedule(self) -> bool:
        """It looks when the statistic is recorded."""
        return False

    @property
    def waits_for(self) -> tuple[str, str]:
        """The statistic."""
        return "key", self.key

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Listen.

        Raises:
            SpecError: If the best is to be restored and not kept.
        """
        if self.restore_best:
            check_best_is_kept(self.key, lounge)

        def look(value: float) -> None:
            previous, self._previous = self._previous, value
            if previous is None or not self._compare.is_better(previous, value):
                return
            why = f"'{self.key}' got worse"
            lowered = lower_rate(state, lounge, self.gamma, self.min_lr, why)
            if lowered and self.restore_best:
                lounge.request_restore()

        lounge.listen(self.key, look)

    def state_dict(self) -> dict[str, Saved]:
        """The last value."""
        return {"previous": self._previous}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        """Take it back."""
        previous = saved.get("previous")
        self._previous = None if previous is None else float(previous)
