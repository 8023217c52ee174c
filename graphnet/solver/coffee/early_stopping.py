"""EarlyStopping: ends a run that no longer gets better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graphnet.declare.fields import NonNegativeFloat, PositiveInt
from graphnet.solver.coffee.base import Saved, nothing
from graphnet.solver.coffee.items import checked
from graphnet.solver.coffee.listening import ListeningBreak
from graphnet.solver.direction import Best, Mode
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.request import Request
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet


@checked
class EarlyStopping(ListeningBreak):
    """Ends the run when a statistic has not got better for ``patience`` values in a row.

    It looks whenever the statistic is recorded and needs no schedule. A run it has ended stays
    ended when solved again, unless the break is taken out or given more patience.

    Args:
        key: The statistic, such as ``accuracy``.
        patience: How many values (such as validations) in a row may be no better than the best.
        mode: ``max`` or ``min``. Default: what the name of the key says.
        min_delta: By how much a value must be better to count. Default 0.
        restore_best: Also bring the params, state and history of the best snapshot back at the
            end; the last snapshot has them. Needs a Snapshot with ``keep_best`` of the same key.
            Default false.

    Example:
        - {type: EarlyStopping, key: accuracy, patience: 5}
    """

    records = nothing

    def __init__(
        self,
        key: str,
        patience: PositiveInt,
        mode: Mode | None = None,
        min_delta: NonNegativeFloat = 0.0,
        restore_best: bool = False,
    ) -> None:
        self.key, self.patience, self.restore_best = key, patience, restore_best
        self._best = Best(key, mode, min_delta)
        self._waited = 0

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request | None:
        """Listen; and end a run that this break had ended before."""
        super().open(net, state, lounge)
        request = self._stop_if_waited()
        return None if request is None else replace(request, restore_best=False)  # that is done

    def hear(self, value: float, state: SolverState) -> Request | None:
        """Count how long there has been no new best."""
        self._waited = 0 if self._best.update(value, state.iter) else self._waited + 1
        return self._stop_if_waited()

    def _stop_if_waited(self) -> Request | None:
        if self._waited < self.patience:
            return None
        best, times = self._best, f"{self._waited} times in a row"
        if best.value is None:
            return Request(stop=f"'{self.key}' was not a number {times}")
        return Request(
            restore_best=self.restore_best,
            stop=f"'{self.key}' has not got better {times}"
            f" (best {best.value:.6g} at iteration {best.iter:,})",
        )

    def state_dict(self) -> dict[str, Saved]:
        return {**self._best.state_dict(), "waited": self._waited}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        self._best.load_state_dict(saved)
        self._waited = int(saved.get("waited") or 0)
