"""SeveralRanks: rank 0 leads a run on several ranks, and the others keep step with it.

All ranks compute and update alike. Whatever happens besides (beginning, coffee breaks, snapshots,
the end) rank 0 does alone while the others serve it; then they take over where it stands.

    rank 0     step   pause: breaks, snapshot ─── Standing, params ──→   step
    others     step   serve: "evaluate" … ──────────────── follow ───→   step
"""

from __future__ import annotations

import signal
import traceback
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from graphnet.blob import Array
from graphnet.errors import GraphnetError, LostRankError, RankError
from graphnet.parallel.communicator import Communicator, Parcel
from graphnet.solver.run import Run
from graphnet.solver.signals import Interrupted, SignalWatch
from graphnet.solver.trainable_net import SharedNet

T = TypeVar("T")

#: After so many iterations the ranks compare their params, when rank 0 next has a turn.
COMPARED_EVERY = 100

#: One number tells all ranks which signals have come to how many of them: each signal has digits of
#: its own in it. As double precision has 53 bits, no signal may come to so many ranks.
_MOST_RANKS = 2**13
_VOTES = {
    number: _MOST_RANKS**i
    for i, name in enumerate(("SIGTERM", "SIGUSR1", "SIGUSR2", "SIGXCPU"))
    if (number := int(getattr(signal, name, 0)))
}


@dataclass(frozen=True)
class Standing:
    """Where rank 0 stands when its turn is over.

    Attributes:
        result: Of what it did.
        state: The solver's.
        stop_reason: Why the run is to end, or empty.
        cursors: Of the data layers.
        have_params_moved: Whether params, persistent state and history follow.
        knowledge: What else rank 0 tells where another may have to take its place.
    """

    result: Any
    state: Mapping[str, Any]
    stop_reason: str
    cursors: dict[str, int]
    have_params_moved: bool
    knowledge: Any = None


@dataclass(frozen=True)
class Leaving:
    """Rank 0 has left the run, and so do the others."""

    exit_code: int


class SeveralRanks:
    """The ranks of a run.

    Attributes:
        have_params_moved: To be set on rank 0 in its turn where params may have changed.

    Args:
        run: This rank's.
        net: The run's net.
        signals: What the system has told this process.
    """

    def __init__(self, run: Run, net: SharedNet, signals: SignalWatch) -> None:
        self._run, self._net, self._signals = run, net, signals
        self._communicator: Communicator = net.communicator
        self._leads = self._communicator.rank == 0
        self._has_left = self.have_params_moved = False
        self._stop, self._hung_up = 0, False
        self._compared_at = 0
        breaks = [entry.coffee_break for entry in run.schedule.entries]
        self._do_breaks_change_params = any(one.changes_params for one in breaks)

    @property
    def tells(self) -> bool:
        """Whether this rank tells the user what all ranks find."""
        return self._leads

    # --- taking turns -------------------------------------------------------------------

    def on_rank_0(self, function: Callable[[], T]) -> T:
        """Have rank 0 call a function while the others serve it; what it returns, on all.

        Raises:
            BaseException: On rank 0, whatever the function raises.
            SystemExit: On the others, if it has raised.
            RankError: If a rank has gone.
        """
        self._net.collect()
        self._compare_params()
        if not self._leads:
            found: T = self._serve()
            return found
        try:
            result = function()
        except LostRankError:
            raise
        except BaseException as error:
            self._has_left = True
            code = error.exit_code if isinstance(error, Interrupted) else 1
            self._communicator.broadcast(Leaving(code))
            raise
        self._broadcast(result)
        return result

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the net has the moving average of its params, on all ranks; on rank 0's turn."""
        self._use_average(is_used=True)
        try:
            yield
        finally:
            self._use_average(is_used=False)

    def _use_average(self, *, is_used: bool) -> None:
        self._communicator.broadcast(("average", is_used))
        self._exchange_average(is_used=is_used)

    def _exchange_average(self, *, is_used: bool) -> None:
        average = self._run.updater.average
        if average is not None:
            average.exchange(is_used=is_used)

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
        if not self._leads:
            raise SystemExit(1)
        rank = next(i for i, found in enumerate(checksums) if found != checksums[0])
        places = self._communicator.describe()
        raise RankError(
            f"at iteration {at} rank {rank} has other params than rank 0"
            + (f" ({places[rank]}; {places[0]})" if places else "")
            + "\n  ranks must run on processors of one kind, with the same libraries, and a coffee"
            " break that writes to params must say so: changes_params = True"
        )

    def _broadcast(self, result: Any) -> None:
        run, state = self._run, self._run.state
        moved = self.have_params_moved or self._do_breaks_change_params
        self.have_params_moved = False
        cursors, told = run.net.state_dict()["cursors"], self._tell(result)
        self._communicator.broadcast(
            Standing(result, state.state_dict(), state.stop_reason, cursors, moved, told)
        )
        if moved:
            others = range(1, self._communicator.size)
            for array in self._arrays():
                host = run.net.store.backend.download(array).reshape(-1)
                self._communicator.exchange([Parcel(rank, host) for rank in others], [])

    def _tell(self, result: Any) -> Any:
        """What else the others are told when a turn has come to a result."""

    def _serve(self) -> Any:
        """Do what rank 0 asks for until its turn is over."""
        while True:
            match self._communicator.broadcast(None):
                case ("evaluate", phase, other, iteration):
                    self._net.help_evaluate(phase, other, iteration)
                case ("average", is_used):
                    self._exchange_average(is_used=is_used)
                case Leaving(exit_code):
                    self._has_left = True
                    raise SystemExit(exit_code)
                case Standing() as standing:
                    self._follow(standing)
                    return standing.result

    def _follow(self, standing: Standing) -> None:
        run = self._run
        if standing.have_params_moved:
            self._receive()
        run.state.load_state_dict(standing.state)
        if standing.stop_reason:
            run.state.stop(standing.stop_reason)
        if run.net.state_dict()["cursors"] != standing.cursors:
            run.net.load_state_dict({"cursors": standing.cursors})
        run.schedule.pass_over(run.state)

    def _receive(self) -> None:
        """Take over rank 0's params, persistent state and history."""
        for array in self._arrays():
            host = np.empty(array.size, array.dtype)
            self._communicator.exchange([], [Parcel(0, host)])
            self._run.net.store.backend.upload(host.reshape(array.shape), array)

    def _arrays(self) -> list[Array]:
        """All that a run moves, in an order that is the same on every rank."""
        store = self._run.net.store
        state = [array for named in store.state.values() for array in named.values()]
        return [store.data, *state, *self._run.updater.history.values()]

    # --- signals ------------------------------------------------------------------------

    def before_step(self) -> None:
        """Tell the others of the signals that came here; it goes along with the gradient."""
        stop, hung_up = self._signals.stop, self._signals.take_hangup()
        self._net.ballot[:] = (stop == signal.SIGINT, _VOTES.get(stop, 0), hung_up)

    def after_step(self) -> None:
        """Take in what came to any rank."""
        interrupts, ends, hangups = (int(n) for n in self._net.counted)
        ended_by = [number for number, vote in _VOTES.items() if ends // vote % _MOST_RANKS]
        if ended_by or interrupts:
            self._stop = ended_by[0] if ended_by else signal.SIGINT
        self._hung_up = bool(hangups)

    @property
    def stop(self) -> int:
        """The signal that asks the run to stop, the same on all ranks; or 0."""
        return self._stop

    def take_hangup(self) -> bool:
        """Whether a SIGHUP has asked for a snapshot since this was last called."""
        came, self._hung_up = self._hung_up, False
        return came

    def is_pause_due(self) -> bool:
        """Whether rank 0 has something to do after this iteration; the same on all ranks."""
        return bool(self._stop or self._hung_up or self._run.schedule.due(self._run.state))

    # --- the end ------------------------------------------------------------------------

    def end(self, function: Callable[[], None]) -> None:
        """The run is at its end: call the function, which says so on rank 0."""
        function()

    def abandon(self, error: BaseException) -> None:
        """This rank cannot go on: end the job, unless all ranks are leaving it together."""
        if self._has_left:
            return
        rank, size = self._communicator.rank, self._communicator.size
        said = str(error)
        if not isinstance(error, GraphnetError):
            said = "".join(traceback.format_exception(error)).rstrip()
        if not isinstance(error, RankError):
            said = f"rank {rank} of {size}: {said}"
        self._communicator.abort(f"{said}\n  the job ends; solve again to go on from its snapshot")
