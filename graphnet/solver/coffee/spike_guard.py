"""SpikeGuard: goes back to the last snapshot when the loss jumps."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, ClassVar

from pydantic import Field

from graphnet.declare.fields import PositiveInt
from graphnet.files.paths import shown
from graphnet.solver.coffee.base import CoffeeBreak, Saved, nothing
from graphnet.solver.coffee.divergence_guard import check_finite
from graphnet.solver.coffee.items import checked
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.request import Request
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet


@checked
class SpikeGuard(CoffeeBreak):
    """Brings the last snapshot back when the loss jumps, or it or a param is no longer finite.

    The usual loss is the mean over about ``window`` of those looked at; a jump is only seen after
    so many, and where the usual loss is above 0. Params, state and history are then those of the
    newest snapshot, at a rate ``gamma`` times as high; iterations and data go on, so that other
    batches follow. After the ``most``th time what is not finite ends the run, and a jump is only
    told of. A run with this break has no DivergenceGuard unless it is listed, too.
    ``skip_spikes`` of the solver acts earlier: it skips an update by the length of its gradient.

    Args:
        factor: How many times the usual loss is a jump. Default 3.
        window: How many losses the usual one is the mean of. Default 20.
        gamma: What the rate is multiplied by each time. Default 1.
        most: How many times a snapshot is brought back in a run. Default 5.

    Example:
        - {type: SpikeGuard, every_n_iter: 10, factor: 3}
    """

    needs_folder: ClassVar[bool] = True
    records = nothing

    def __init__(
        self,
        factor: Annotated[float, Field(gt=1)] = 3.0,
        window: PositiveInt = 20,
        gamma: Annotated[float, Field(gt=0, le=1)] = 1.0,
        most: PositiveInt = 5,
    ) -> None:
        self.factor, self.window, self.gamma, self.most = factor, window, gamma, most
        self._usual = 0.0
        self._seen = self._restored = 0

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request | None:
        """Look at the loss and the params.

        Raises:
            DivergedError: If one is not finite, and there is nothing to go back to.
        """
        if not state.iter or state.is_last_skipped:
            return None
        loss, usual = state.obj_val, self._usual
        is_jump = self._seen == self.window and loss > self.factor * usual > 0
        found = f"iteration {state.iter:,}: the loss is {loss:.4g}"
        if isfinite(loss) and not is_jump:
            if isfinite(float(net.store.backend.square_sum(net.store.data))):
                self._seen = min(self._seen + 1, self.window)
                self._usual += (loss - usual) / self._seen
                state.have_seen_finite()
                return None
            found = f"iteration {state.iter:,}: a param is not finite"
        elif usual:
            found += f", usual is {usual:.4g}"
        last = state.run.last_snapshot
        if last is None or self._restored >= self.most:
            check_finite(net, state)
            state.run.warn(found)
            return None
        self._restored += 1
        state.lr_scale *= self.gamma
        lower = "" if self.gamma == 1 else f", at {self.gamma:g} times the rate"
        state.run.warn(f"{found}; back to {shown(last)}{lower}")
        return Request(restore_last=True)

    def state_dict(self) -> dict[str, Saved]:
        return {"usual": self._usual, "seen": self._seen, "restored": self._restored}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        self._usual = float(saved.get("usual") or 0)
        self._seen, self._restored = int(saved.get("seen") or 0), int(saved.get("restored") or 0)
