"""Snapshot: the run on disk, so that it can go on from there."""

from __future__ import annotations

from collections.abc import Mapping

from graphnet.declare.fields import PositiveInt
from graphnet.solver.coffee.base import CoffeeBreak, Saved, nothing
from graphnet.solver.coffee.items import checked
from graphnet.solver.direction import Best, Mode
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.request import Request
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet


@checked
class Snapshot(CoffeeBreak):
    """Writes ``snapshots/snapshot-000300.h5``, and ``best.h5`` at each new best statistic.

    A snapshot holds the whole iteration, all its breaks included, so it is written after them.
    The best one is written as an ordinary snapshot too: a run that continues never stands
    before its own best. Without this break a run still writes one at its last iteration and
    when it is interrupted.

    Args:
        keep_last: How many ordinary snapshots are kept. Default: all.
        keep_best: The statistic whose best snapshot is kept beside them as ``best.h5``; it is
            compared whenever it is recorded. Default: none is kept.
        mode: ``max`` if a higher one is better, ``min`` if a lower one is. Default: what the
            name says: accuracies should be high, losses and errors low.

    Example:
        - {type: Snapshot, every_n_iter: 5000, keep_last: 3, keep_best: accuracy}
    """

    records = nothing
    needs_folder = True

    def __init__(
        self,
        keep_last: PositiveInt | None = None,
        keep_best: str | None = None,
        mode: Mode | None = None,
    ) -> None:
        self.keep_last, self.keep_best = keep_last, keep_best
        self.best = Best(keep_best, mode) if keep_best else None
        self.needs_schedule = keep_best is None

    @property
    def waits_for(self) -> tuple[str, str] | None:
        return None if self.keep_best is None else ("keep_best", self.keep_best)

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        if self.best is not None and self.keep_best is not None:
            best = self.best
            lounge.listen(
                self.keep_best, lambda value: Request(best=best.update(value, state.iter))
            )

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request:
        return Request(snapshot=True)

    def state_dict(self) -> dict[str, Saved]:
        return self.best.state_dict() if self.best else {}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        if self.best:
            self.best.load_state_dict(saved)
