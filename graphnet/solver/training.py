"""Training: the loop, and the ways out of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from graphnet.backend.measures import Number
from graphnet.declare.user_code import exit_refused, is_called_by_user
from graphnet.errors import BreakError, DivergedError, GraphnetError
from graphnet.files.paths import shown
from graphnet.parallel.communicator import Communicator, LocalCommunicator
from graphnet.solver.coffee.divergence_guard import check_finite
from graphnet.solver.ranks.team import Team
from graphnet.solver.record.keeper import FINISHED, Keeper
from graphnet.solver.record.run_directory import START_OVER
from graphnet.solver.reporter import Progress
from graphnet.solver.run import Run
from graphnet.solver.signals import Interrupted, SignalWatch
from graphnet.solver.state import SolverState

#: What is said at the end of a run without a directory.
NOTHING_SAVED = "nothing was saved: the solver has no exp_dir"


class Training:
    """Takes a run to its end.

    Args:
        run: What is trained and how.
        keeper: Its files.
        communicator: To the other ranks. Default: there are none.
    """

    def __init__(self, run: Run, keeper: Keeper, communicator: Communicator | None = None) -> None:
        self.run, self.keeper = run, keeper
        self.net, self.state, self.lounge = run.net, run.state, run.lounge
        self.signals = SignalWatch()
        self.team = Team(run, communicator or LocalCommunicator(), self.signals)

    def solve(self, *, fresh: bool) -> SolverState:
        """Start or continue the run, and train until it is finished.

        Raises:
            Interrupted: If a signal stopped it, after a snapshot.
            BreakError: If a coffee break failed, after a snapshot.
            DivergedError: If the numbers are no longer finite; the last snapshot is good.
            RankError: If another rank has gone.
            SystemExit: On other ranks than 0, where one of these was raised on rank 0.
        """
        try:
            with self.net.backend.computing():
                return self._solve(fresh=fresh)
        except BaseException as error:
            self.team.abandon(error)
            raise

    def _solve(self, *, fresh: bool) -> SolverState:
        start = perf_counter()
        is_resumed, is_complete = self.team.lead(partial(self._begin, fresh=fresh))
        if is_complete:
            return self.state
        try:
            # the guard looks for what is not finite
            with self.signals, np.errstate(all="ignore"), self._breaks_open(), self._reported():
                if not is_resumed:
                    self._pause()
                self._loop()
                self.team.lead(self._finish)
        except BaseException as error:
            with suppress(GraphnetError):
                self.keeper.record_end(_outcome(error), perf_counter() - start)
            raise
        self.keeper.record_end(self.state.stop_reason or FINISHED, perf_counter() - start)
        self._say_end("finished")
        return self.state

    def _begin(self, *, fresh: bool) -> tuple[bool, bool]:
        """Bring the run to its start: whether it continues, and whether it is complete."""
        self.team.is_moved = True
        is_resumed = self.keeper.begin(fresh=fresh)
        if is_resumed and self.keeper.is_complete:
            way_on = f"\n  to go on, give a larger max_iter; {START_OVER}"
            self._say_end("was finished before", way_on)
            return True, True
        last = self.lounge.last_snapshot
        if is_resumed and last is not None:
            self._say(f"going on from iteration {self.state.iter:,} ({shown(last)})")
        self.keeper.record_start()
        return is_resumed, False

    # --- the loop -----------------------------------------------------------------------

    def _loop(self) -> None:
        while not self.run.is_finished:
            try:
                self._step()
            except SystemExit as error:
                if not is_called_by_user(error):
                    raise
                during = f"while the net was computing, after iteration {self.state.iter}"
                raise exit_refused(error, during) from error
            self.run.reporter.step()
            self._pause()

    def _step(self) -> None:
        """Forward, backward, update."""
        spec, state, net = self.run.spec, self.state, self.net
        t = state.iter + 1
        lr = spec.lr_policy.value(t, state.epoch) * state.lr_scale
        momentum = spec.mom_policy.value(t, state.epoch) if spec.mom_policy is not None else None
        state.begin_update(lr, momentum)
        net.context.iteration = state.iter
        mean_loss = None
        self.team.vote()
        if spec.iter_size == 1:
            net.forward_backward()
        else:
            mean_loss = self._accumulate(spec.iter_size)
        self.team.count()
        self.run.updater.update(t, lr, momentum or 0.0)
        state.advance(net, mean_loss)

    def _accumulate(self, iter_size: int) -> Number:
        """The gradients of several batches, as of one that is as large; their mean loss."""
        net = self.net
        total: Number = 0.0
        for k in range(iter_size):
            net.context.first_sample = k * net.batch_size
            net.forward_backward()
            self.run.updater.accumulate(k)
            total = total + net.objective()
        net.context.first_sample = 0
        return total / iter_size

    def _pause(self) -> None:
        """The breaks that are due, then what they and the signals have asked for."""
        if self.team.has_turn():
            self.team.lead(self._take_breaks)
        else:
            self.run.schedule.pass_over(self.state)

    def _take_breaks(self) -> None:
        try:
            self.run.schedule.take(self.net, self.state, self.lounge)
        except BreakError as error:
            raise self._saved_after(error) from error.__cause__
        self._settle(is_save_due=self.team.take_hangup())
        if self.team.stop:
            raise Interrupted(self.team.stop, self.keeper.save())

    def _settle(self, *, is_save_due: bool) -> Path | None:
        """Do what the breaks of this iteration have asked for."""
        lounge, path = self.lounge, None
        if not (lounge.wants_restore or lounge.wants_snapshot or is_save_due):
            return None
        start = perf_counter()
        if lounge.wants_restore:
            self.keeper.restore_best()
            self.team.is_moved = True
        if lounge.wants_snapshot or is_save_due:
            path = self.keeper.save(best=lounge.wants_best)
        lounge.have_wishes_met()
        lounge.count_seconds(perf_counter() - start)
        return path

    def _finish(self) -> None:
        """The last snapshot, of numbers that are looked at even where none is written.

        What the breaks record after it is cut off again where the run is prolonged.
        """
        check_finite(self.net, self.state, self.lounge, self.run.updater.norm)
        self.keeper.save()
        self.lounge.warn_of_silence()
        try:
            self.run.schedule.finish(self.net, self.state, self.lounge)
        except BreakError as error:
            raise self._saved_after(error) from error.__cause__
        self.lounge.sync_statistics()

    # --- around it ----------------------------------------------------------------------

    @contextmanager
    def _breaks_open(self) -> Iterator[None]:
        """The breaks are closed whatever happens, and an error in that hides no other."""
        try:
            self.team.lead(self._open_breaks)
            yield
        except BaseException:
            with suppress(BreakError):
                self.run.schedule.close(self.net, self.state, self.lounge)
            raise
        self.team.lead(self._close_breaks)

    def _open_breaks(self) -> None:
        self.lounge.start_iteration(self.state.iter)
        self.run.schedule.open(self.net, self.state, self.lounge)

    def _close_breaks(self) -> None:
        self.lounge.start_iteration(self.state.iter)
        self.run.schedule.close(self.net, self.state, self.lounge)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        run, state = self.run, self.state
        run.reporter.start(Progress(state, state.iter, run.last_iter, run.samples_per_iter))
        try:
            yield
        finally:
            run.reporter.finish()

    def _saved_after(self, error: BreakError) -> BreakError:
        """The error of a break, saying what was saved."""
        try:
            path = self._settle(is_save_due=True)
        except GraphnetError as failed:
            return BreakError(f"{error}\n  and the run could not be saved: {failed}")
        way_out = "correct it and solve again" if path else "correct it"
        saved = f"the run is saved in {shown(path)}: " if path else ""
        return BreakError(f"{error}\n  {saved}{way_out}, or set 'on_error: continue' to skip it")

    def _say_end(self, how: str, then: str = "") -> None:
        state, directory = self.state, self.keeper.directory
        where = f" ({shown(directory.folder)})" if directory else ""
        why = f": {state.stop_reason}" if state.stop_reason else ""
        self._say(f"{how} at iteration {state.iter:,}, epoch {state.epoch:,}{where}{why}{then}")
        if directory is None:
            self._say(NOTHING_SAVED)

    def _say(self, text: str) -> None:
        self.run.reporter.line(text)


def _outcome(error: BaseException) -> str:
    """How a start of the run ended, as its record says it."""
    if isinstance(error, Interrupted):
        return f"stopped by {error.signal.name}"
    if isinstance(error, DivergedError):
        return "diverged"
    return f"failed: {type(error).__name__}"
