"""ElasticRanks: ranks that go on without those they lose, to the same result.

Params, history and running statistics are the same on every rank after each update. What rank 0
alone knows besides (its coffee breaks, how long the statistics file is) it tells the others at the
end of each of its turns. So whoever is left has all there is to know of some iteration:

    lost in a step    the step is taken back, and done again
    lost in a turn    the turn is taken back, and done again; by another rank 0 if that one is lost

Where some ranks had come further than others when the loss was noticed, those who are behind are
given all by the first of those who are ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from graphnet.blob import Array
from graphnet.errors import LostRankError
from graphnet.net.running_net import NetState
from graphnet.parallel.communicator import Communicator, Parcel
from graphnet.parallel.starting_over import StartOverError
from graphnet.solver.ranks.run_point import RunPoint
from graphnet.solver.ranks.several_ranks import SeveralRanks, Standing
from graphnet.solver.run import Run
from graphnet.solver.signals import SignalWatch
from graphnet.solver.trainable_net import SharedNet

T = TypeVar("T")


@dataclass(frozen=True)
class Knowledge:
    """What only rank 0 knows, as it tells the others.

    Attributes:
        breaks: The ``state_dict`` of each coffee break.
        statistics_bytes: How long the statistics file was at the end of the last pause.
        saved_iter: The iteration of the last snapshot.
        last_snapshot: Its path.
        seconds_trained: How long the run has trained.
        last_epoch: The last one that the schedule of coffee breaks has seen.
        sums: The net's running sums.
    """

    breaks: Mapping[str, Mapping[str, Any]]
    statistics_bytes: int
    saved_iter: int | None
    last_snapshot: Path | None
    seconds_trained: float
    last_epoch: int
    sums: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Mark:
    """What a step or a turn changes besides params and history, as it was before.

    Attributes:
        net: Where the data layers stand, and the running sums.
        state: The solver's.
        stop_reason: Why the run is to end, or empty.
        last_epoch: The last one that the schedule of coffee breaks has seen.
        signals: What all ranks know of: which signal stops the run, and whether a SIGHUP came.
        arrays: The net's persistent state.
    """

    net: NetState
    state: Mapping[str, Any]
    stop_reason: str
    last_epoch: int
    signals: tuple[int, bool]
    arrays: Sequence[Array]


class ElasticRanks(SeveralRanks):
    """The ranks of a run that can do without some of them.

    Attributes:
        point: How far the run is.
        knowledge: What rank 0 has told last; None before it has told anything.
        lost: Who has been lost, and where they ran; whoever has told of it clears it.

    Args:
        run: This rank's.
        net: The run's net.
        signals: What the system has told this process.
        saved_iter: Gives the iteration of the last snapshot.
    """

    _moved: Sequence[Array] | None = None

    def __init__(
        self,
        run: Run,
        net: SharedNet,
        signals: SignalWatch,
        saved_iter: Callable[[], int | None],
    ) -> None:
        super().__init__(run, net, signals)
        self._saved_iter = saved_iter
        self.point = RunPoint.NEW
        self.knowledge: Knowledge | None = None
        self.lost: list[str] = []
        self._mark: Mark | None = None
        self._is_asked = False  # whether this rank tells of a SIGHUP in the running step

    # --- what can be taken back ---------------------------------------------------------

    @property
    def have_params_moved(self) -> bool:
        """To be set on rank 0 in its turn before params may change."""
        return self._have_params_moved

    @have_params_moved.setter
    def have_params_moved(self, moved: bool) -> None:
        self._have_params_moved = moved
        if moved and self._moved is None:
            self._moved = [array.copy() for array in self._arrays()]

    def on_rank_0(self, function: Callable[[], T]) -> T:
        """See there.

        Raises:
            LostRankError: If a rank is lost: :meth:`regroup` then.
        """
        self._mark = self._here()
        if self._leads and self._do_breaks_change_params:
            self.have_params_moved = True
        return super().on_rank_0(function)

    def before_step(self) -> None:
        """See there."""
        self._is_asked = self._signals.wants_snapshot
        super().before_step()
        self.point, self._mark = RunPoint.PAUSED, self._here()

    def after_step(self) -> None:
        """See there: there is nothing between here and the end of the update that could be lost."""
        super().after_step()
        self._is_asked = False
        self.point, self._mark = RunPoint.STEPPED, None

    def _here(self) -> Mark:
        run = self._run
        named = run.net.store.state.values()
        return Mark(
            run.net.state_dict(),
            run.state.state_dict(),
            run.state.stop_reason,
            run.schedule.last_epoch,
            (self._stop, self._hung_up),
            [array.copy() for arrays in named for array in arrays.values()],
        )

    def _take_back(self) -> None:
        """Stand where the step or the turn began that was not completed."""
        self._exchange_average(is_used=False)
        if self._moved is not None:
            for array, before in zip(self._arrays(), self._moved, strict=True):
                array[...] = before
        if self._mark is not None:
            named = self._run.net.store.state.values()
            arrays = [array for one in named for array in one.values()]
            for array, before in zip(arrays, self._mark.arrays, strict=True):
                array[...] = before
            self._stand_at(self._mark)
        self._moved, self._have_params_moved = None, False
        self._signals.wants_snapshot |= self._is_asked

    def _stand_at(self, mark: Mark) -> None:
        run = self._run
        run.net.load_state_dict(mark.net)
        run.net.context.first_sample = 0
        run.state.load_state_dict(mark.state, mark.stop_reason)
        run.schedule.last_epoch = mark.last_epoch
        self._stop, self._hung_up = mark.signals

    # --- what rank 0 tells --------------------------------------------------------------

    def _tell(self, result: Any) -> Knowledge:
        """Rank 0's turn is complete."""
        run, before = self._run, self.knowledge
        if isinstance(result, RunPoint) or before is None:
            self.point = result if isinstance(result, RunPoint) else self.point
            n_bytes = run.lounge.sync()
        else:  # opening breaks leads to no point: it is done again from where they were
            n_bytes = before.statistics_bytes
        self.knowledge = Knowledge(
            run.schedule.state_dict(),
            n_bytes,
            self._saved_iter(),
            run.state.run.last_snapshot,
            run.state.run.seconds_trained,
            run.schedule.last_epoch,
            run.net.state_dict()["statistics"],
        )
        self._mark = self._moved = None
        return self.knowledge

    def _follow(self, standing: Standing) -> None:
        super()._follow(standing)
        self._mark = None
        if isinstance(standing.result, RunPoint):
            self.point = standing.result
        if standing.knowledge is not None:
            self._learn(standing.knowledge)

    def _learn(self, knowledge: Knowledge) -> None:
        """Know what rank 0 knows."""
        self.knowledge = knowledge
        self._run.schedule.last_epoch = knowledge.last_epoch
        self._run.net.load_state_dict({"statistics": dict(knowledge.sums)})
        self._run.state.update_run(
            last_snapshot=knowledge.last_snapshot, seconds_trained=knowledge.seconds_trained
        )

    def _receive(self) -> None:
        self._receive_from(0, self._communicator)

    def _receive_from(self, rank: int, communicator: Communicator) -> None:
        """Take over all that a run moves, once it has all come."""
        arrays = self._arrays()
        hosts = [np.empty(array.size, array.dtype) for array in arrays]
        for host in hosts:
            communicator.exchange([], [Parcel(rank, host)])
        for array, host in zip(arrays, hosts, strict=True):
            self._run.net.store.backend.upload(host.reshape(array.shape), array)

    # --- a loss -------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many ranks there are."""
        return self._communicator.size

    def regroup(self) -> None:
        """After a loss: join those that are left, and stand where they stand.

        Raises:
            StartOverError: If one of those that are left has not begun yet.
            LostRankError: If one more is lost meanwhile; call it again.
        """
        self._take_back()
        places = self._communicator.describe()
        communicator = self._communicator.without_lost()
        self._communicator, self._leads = communicator, communicator.rank == 0
        left = communicator.describe()
        self.lost += [f"rank {i} ({place})" for i, place in enumerate(places) if place not in left]
        self._net.share_anew(communicator)
        self._meet(communicator)

    def _meet(self, communicator: Communicator) -> None:
        """Have all ranks stand where the first of those that are ahead stands."""
        is_new = self.point is RunPoint.NEW
        here = None if is_new else (self._run.state.iter, self.point)
        everyone = communicator.all_gather(here)
        standing = [there for there in everyone if there is not None]
        if len(standing) < len(everyone):
            raise StartOverError(communicator)
        iteration, point = max(standing)
        first = standing.index((iteration, point))
        is_first, are_apart = communicator.rank == first, len(set(standing)) > 1
        told = communicator.all_gather((self._here(), self.knowledge) if is_first else None)[first]
        if are_apart and is_first:
            others = [rank for rank in range(communicator.size) if rank != first]
            for array in self._arrays():
                host = self._run.net.store.backend.download(array).reshape(-1)
                communicator.exchange([Parcel(rank, host) for rank in others], [])
        elif are_apart:
            self._receive_from(first, communicator)
        mark, knowledge = told  # type: ignore[misc]  # the first has told
        self._mark, self.point = None, point
        self._stand_at(mark)
        self.knowledge = knowledge

    # --- the end ------------------------------------------------------------------------

    def end(self, function: Callable[[], None]) -> None:
        """See there; all ranks that are left leave together.

        Raises:
            LostRankError: If one has not come so far, for it has heard of a loss before.
        """
        self.on_rank_0(partial(_closed, function))
        if not self._communicator.agree():
            raise LostRankError("a rank is lost")

    def abandon(self, error: BaseException) -> None:
        """See there; to start over is not to leave."""
        if not isinstance(error, StartOverError):
            super().abandon(error)


def _closed(function: Callable[[], None]) -> RunPoint:
    function()
    return RunPoint.CLOSED
