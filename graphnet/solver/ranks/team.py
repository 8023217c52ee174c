"""Team: rank 0 leads a run on several ranks, and the others keep step with it.

All ranks compute and update alike. Whatever happens besides (beginning, coffee breaks, snapshots,
the end) rank 0 does alone while the others serve it; then they take over where it stands. In one
process nothing of this is there.
"""

from __future__ import annotations

import signal
import traceback
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np

from graphnet.blob import Array
from graphnet.errors import GraphnetError, RankError
from graphnet.parallel.communicator import Communicator, Parcel
from graphnet.parallel.sharded_net import ShardedNet
from graphnet.solver.run import Run
from graphnet.solver.signals import Interrupted, SignalWatch

T = TypeVar("T")

#: After so many iterations the ranks compare their params, when rank 0 next has a turn.
COMPARED_EVERY = 100


@dataclass(frozen=True)
class Standing:
    """Where rank 0 stands when its turn is over.

    Attributes:
        result: Of what it did.
        state: The solver's.
        stop_reason: Why the run is to end, or empty.
        cursors: Of the data layers.
        is_moved: Whether params, persistent state and history follow.
    """

    result: Any
    state: Mapping[str, Any]
    stop_reason: str
    cursors: dict[str, int]
    is_moved: bool


@dataclass(frozen=True)
class Leaving:
    """Rank 0 has left the run, and so do the others."""

    exit_code: int


class Team:
    """The ranks of a run.

    Attributes:
        is_moved: To be set on rank 0 in its turn where params may have changed.
        wants_snapshot: A SIGHUP came to one of several ranks.

    Args:
        run: This rank's.
        communicator: To the other ranks.
        signals: What this rank has been told by the system.
    """

    def __init__(self, run: Run, communicator: Communicator, signals: SignalWatch) -> None:
        self._run, self._communicator, self._signals = run, communicator, signals
        self._is_alone = communicator.size == 1
        self._has_left = self.is_moved = False
        self._stop, self.wants_snapshot = 0, False
        self._compared_at = 0
        breaks = [type(entry.coffee_break).__module__ for entry in run.schedule.entries]
        self._has_foreign_breaks = any(not name.startswith("graphnet.") for name in breaks)

    @property
    def _net(self) -> ShardedNet:
        return cast("ShardedNet", self._run.net)  # one rank's net may be of any kind

    @property
    def leads(self) -> bool:
        """Whether this is rank 0."""
        return self._communicator.rank == 0

    # --- taking turns -------------------------------------------------------------------

    def lead(self, function: Callable[[], T]) -> T:
        """Have rank 0 call a function while the others serve it; what it returns, on all.

        Raises:
            BaseException: On rank 0, whatever the function raises.
            SystemExit: On the others, if it has raised.
            RankError: If a rank has gone.
        """
        if self._is_alone:
            return function()
        self._net.collect()
        self._compare_params()
        if not self.leads:
            return cast("T", self._serve())
        try:
            result = function()
        except BaseException as error:
            self._has_left = True
            code = error.exit_code if isinstance(error, Interrupted) else 1
            self._communicator.broadcast(Leaving(code))
            raise
        self._broadcast(result)
        return result

    def _compare_params(self) -> None:
        """From time to time, see that the ranks have the same params.

        They compute the same, unless their processors or libraries round differently.

        Raises:
            RankError: On rank 0, if they do not.
            SystemExit: On the others.
        """
        store, at = self._run.net.store, self._run.state.iter
        if at - self._compared_at < COMPARED_EVERY and not self._run.is_finished:
            return
        self._compared_at = at
        checksum = zlib.crc32(store.backend.download(store.data).data)
        checksums = self._communicator.all_gather(checksum)
        if len(set(checksums)) == 1:
            return
        self._has_left = True
        if not self.leads:
            raise SystemExit(1)
        rank = next(i for i, found in enumerate(checksums) if found != checksums[0])
        places = self._communicator.describe()
        raise RankError(
            f"at iteration {at} rank {rank} has other params than rank 0"
            + (f" ({places[rank]}; {places[0]})" if places else "")
            + "\n  ranks must run on processors of one kind, with the same libraries"
        )

    def _broadcast(self, result: Any) -> None:
        run, state = self._run, self._run.state
        is_moved = self.is_moved or self._has_foreign_breaks
        self.is_moved = False
        self._communicator.broadcast(
            Standing(
                result,
                state.to_dict(),
                state.stop_reason,
                run.net.state_dict()["cursors"],
                is_moved,
            )
        )
        if is_moved:
            others = range(1, self._communicator.size)
            for array in self._arrays():
                host = run.net.backend.download(array).reshape(-1)
                self._communicator.exchange([Parcel(rank, host) for rank in others], [])

    def _serve(self) -> Any:
        """Do what rank 0 asks for until its turn is over."""
        while True:
            match self._communicator.broadcast(None):
                case ("evaluate", phase, iteration):
                    self._net.help_evaluate(phase, iteration)
                case Leaving(exit_code):
                    self._has_left = True
                    raise SystemExit(exit_code)
                case Standing() as standing:
                    self._follow(standing)
                    return standing.result

    def _follow(self, standing: Standing) -> None:
        run = self._run
        run.state.load_dict(standing.state)
        if standing.stop_reason:
            run.state.stop(standing.stop_reason)
        if run.net.state_dict()["cursors"] != standing.cursors:
            run.net.load_state_dict({"cursors": standing.cursors})
        run.schedule.pass_over(run.state)
        if standing.is_moved:
            for array in self._arrays():
                host = np.empty(array.size, array.dtype)
                self._communicator.exchange([], [Parcel(0, host)])
                run.net.backend.upload(host.reshape(array.shape), array)

    def _arrays(self) -> list[Array]:
        """All that a run moves, in an order that is the same on every rank."""
        store = self._run.net.store
        state = [array for named in store.state.values() for array in named.values()]
        return [store.data, *state, *self._run.updater.history.values()]

    # --- signals ------------------------------------------------------------------------

    def vote(self) -> None:
        """Before a step: tell the others of the signals that came here."""
        if not self._is_alone:
            signals = self._signals
            hung_up, signals.wants_snapshot = signals.wants_snapshot, False
            stop = signals.stop
            self._net.ballot[:] = (stop == signal.SIGINT, stop == signal.SIGTERM, hung_up)

    def count(self) -> None:
        """After a step: take in what came to any rank."""
        if not self._is_alone:
            interrupts, terminations, hangups = self._net.counted
            if terminations or interrupts:
                self._stop = signal.SIGTERM if terminations else signal.SIGINT
            self.wants_snapshot = bool(hangups)

    @property
    def stop(self) -> int:
        """The signal that asks the run to stop, the same on all ranks; or 0."""
        return self._signals.stop if self._is_alone else self._stop

    def take_hangup(self) -> bool:
        """Whether a snapshot has been asked for since this was last looked at."""
        if self._is_alone:
            asked, self._signals.wants_snapshot = self._signals.wants_snapshot, False
        else:
            asked, self.wants_snapshot = self.wants_snapshot, False
        return asked

    def has_turn(self) -> bool:
        """Whether rank 0 has something to do after this iteration; the same on all ranks."""
        run, told = self._run, self._signals if self._is_alone else self
        return bool(told.stop or told.wants_snapshot or run.schedule.due(run.state))

    # --- the end ------------------------------------------------------------------------

    def abandon(self, error: BaseException) -> None:
        """This rank cannot go on: end the job, unless all ranks are leaving it together."""
        if self._is_alone or self._has_left:
            return
        rank, size = self._communicator.rank, self._communicator.size
        said = str(error)
        if not isinstance(error, GraphnetError):
            said = "".join(traceback.format_exception(error)).rstrip()
        if not isinstance(error, RankError):
            said = f"rank {rank} of {size}: {said}"
        self._communicator.abort(f"{said}\n  the job ends; solve again to go on from its snapshot")
