"""ListeningBreak: what all breaks that act whenever a statistic is recorded have in common."""

from __future__ import annotations

from abc import abstractmethod

from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.request import Request
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet


class ListeningBreak(CoffeeBreak):
    """A break that hears each value of the statistic ``key``, and needs no schedule."""

    key: str
    needs_schedule = False

    @property
    def waits_for(self) -> tuple[str, str]:
        return "key", self.key

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request | None:
        lounge.listen(self.key, lambda value: self.hear(value, state))
        return None

    @abstractmethod
    def hear(self, value: float, state: SolverState) -> Request | None:
        """Act on a new value."""
