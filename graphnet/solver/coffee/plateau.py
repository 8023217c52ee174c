"""Plateau: a lower learning rate when a statistic no longer gets better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from graphnet.declare.fields import NonNegativeFloat, NonNegativeInt, PositiveInt
from graphnet.solver.coffee.base import Saved, nothing
from graphnet.solver.coffee.items import checked
from graphnet.solver.coffee.listening import ListeningBreak
from graphnet.solver.coffee.lower_rate import lower_rate
from graphnet.solver.direction import Best, Mode
from graphnet.solver.request import Request
from graphnet.solver.state import SolverState


@checked
class Plateau(ListeningBreak):
    """Multiplies the rate by ``gamma`` after ``patience`` values in a row without a new best.

    It looks whenever the statistic is recorded and needs no schedule; the policy's rate is
    scaled from then on.

    Args:
        key: The statistic, such as ``loss``.
        gamma: What the rate is multiplied by. Default 0.1.
        patience: How many values (such as validations) in a row may be no better than the
            best. Default 10.
        cooldown: How many values after a lowering do not count. Default 0.
        min_lr: The rate does not go below it. Default 0.
        mode: ``max`` or ``min``. Default: what the name of the key says.
        min_delta: By how much a value must be better to count. Default 0.
        restore_best: Also bring the params, state and history of the best snapshot back; the
            iterations count on. Needs a Snapshot with ``keep_best`` of the same key. Default
            false.

    Example:
        - {type: Plateau, key: loss, gamma: 0.1, patience: 5}
    """

    records = nothing

    def __init__(  # its keys in YAML
        self,
        key: str,
        gamma: Annotated[float, Field(gt=0, lt=1)] = 0.1,
        patience: PositiveInt = 10,
        cooldown: NonNegativeInt = 0,
        min_lr: NonNegativeFloat = 0.0,
        mode: Mode | None = None,
        min_delta: NonNegativeFloat = 0.0,
        restore_best: bool = False,
    ) -> None:
        self.key, self.gamma, self.patience = key, gamma, patience
        self.cooldown, self.min_lr, self.restore_best = cooldown, min_lr, restore_best
        self._best = Best(key, mode, min_delta)
        self._waited = self._cooling = 0

    def hear(self, value: float, state: SolverState) -> Request | None:
        """Count how long there has been no new best."""
        if self._best.update(value, state.iter):
            self._waited = 0
        elif self._cooling == 0:
            self._waited += 1
        self._cooling = max(self._cooling - 1, 0)
        if self._waited < self.patience:
            return None
        self._waited, self._cooling = 0, self.cooldown
        why = f"'{self.key}' has not got better {self.patience} times in a row"
        is_lower = lower_rate(state, self.gamma, self.min_lr, why)
        return Request(restore_best=is_lower and self.restore_best)

    def state_dict(self) -> dict[str, Saved]:
        return {**self._best.state_dict(), "waited": self._waited, "cooling": self._cooling}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        self._best.load_state_dict(saved)
        self._waited = int(saved.get("waited") or 0)
        self._cooling = int(saved.get("cooling") or 0)
