"""KeepBest: early stopping by a score, with the best params kept in memory."""

from __future__ import annotations

from collections.abc import Callable

from graphnet.params.param import ParamStore
from graphnet.sealed import read_only
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.record.snapshot_file import Arrays, download, store_arrays
from graphnet.solver.request import Request
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet


class KeepBest(CoffeeBreak):
    """Scores the net when it is due, ends the run where that no longer helps, restores the best.

    Nothing is written: the params and the state with the best score are kept in memory, and put
    back at the end of the run.

    Attributes:
        scores: One for each time it was due, in order.
        best: The best of them; minus infinity before the first.
        best_epoch: The epochs that were complete then.

    Args:
        score: Gives a number that is larger the better the net is.
        patience: How many scores in a row may be no better than the best.
    """

    changes_params = True
    best: float = read_only("_best")
    best_epoch: int = read_only("_best_epoch")

    def __init__(self, score: Callable[[], float], patience: int) -> None:
        self._score, self._patience = score, patience
        self._best_params: tuple[Arrays, Arrays] | None = None
        self._waited = 0
        self.scores: list[float] = []
        self._best = float("-inf")
        self._best_epoch = 0

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request | None:
        """Score, and keep what is best."""
        if not state.iter:
            return None
        self.scores.append(self._score())
        if self.scores[-1] > self.best:
            self._best, self._best_epoch, self._waited = self.scores[-1], state.epoch, 0
            self._best_params = download(net.store)
            return None
        self._waited += 1
        if self._waited < self._patience:
            return None
        return Request(stop=f"no better score {self._waited} times in a row")

    def finish(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Put the best back."""
        if self._best_params is not None:
            put_back(net.store, *self._best_params)


def put_back(store: ParamStore, params: Arrays, state: Arrays) -> None:
    """Copy params and state into a store that has all of them, in the same shapes."""
    given = {"params": params, "state": state}
    for group, name, array in store_arrays(store):
        store.backend.upload(given[group][name], array)
