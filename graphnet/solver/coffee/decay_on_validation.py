"""DecayOnValidation: a lower learning rate after a worse validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from graphnet.declare.fields import NonNegativeFloat
from graphnet.solver.coffee.base import Saved, nothing
from graphnet.solver.coffee.direction import Best, Mode
from graphnet.solver.coffee.items import checked
from graphnet.solver.coffee.listening import ListeningBreak
from graphnet.solver.coffee.lower_rate import lower_rate
from graphnet.solver.request import Request
from graphnet.solver.state import SolverState


@checked
class DecayOnValidation(ListeningBreak):
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

    records = nothing

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

    def hear(self, value: float, state: SolverState) -> Request | None:
        """Compare the value with the one before."""
        previous, self._previous = self._previous, value
        if previous is None or not self._compare.is_better(previous, value):
            return None
        why = f"'{self.key}' got worse"
        is_lower = lower_rate(state, self.gamma, self.min_lr, why)
        return Request(restore_best=is_lower and self.restore_best)

    def state_dict(self) -> dict[str, Saved]:
        return {"previous": self._previous}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        previous = saved.get("previous")
        self._previous = None if previous is None else float(previous)
