"""Training: the loop, and the ways out of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from graphnet.backend.measures import Number
from graphnet.declare.arguments import bare
from graphnet.declare.user_code import exit_refused, is_called_by_user
from graphnet.errors import BreakError, GraphnetError, LostRankError
from graphnet.files.paths import shown
from graphnet.net.step_mark import StepMark
from graphnet.parallel.starting_over import StartOverError
from graphnet.solver.coffee.divergence_guard import check_finite
from graphnet.solver.ranks.elastic_ranks import ElasticRanks
from graphnet.solver.ranks.ranks_of import ranks_of
from graphnet.solver.ranks.run_point import RunPoint
from graphnet.solver.record.run_directory import START_OVER
from graphnet.solver.record.run_files import RunFiles
from graphnet.solver.record.run_record import FINISHED, outcome_of
from graphnet.solver.reporter import RunProgress
from graphnet.solver.request import Request
from graphnet.solver.run import Run
from graphnet.solver.signals import Interrupted, SignalWatch
from graphnet.solver.state import SolverState

#: What is said at the end of a run without a directory.
NOTHING_SAVED = "nothing was saved: the solver has no exp_dir"


class Training:
    """Takes a run to its end.

    Args:
        run: The run.
        files: Its files.
    """

    def __init__(self, run: Run, files: RunFiles) -> None:
        self.run, self.files = run, files
        self.net, self.state, self.lounge = run.net, run.state, run.lounge
        self.signals = SignalWatch()
        self.ranks = ranks_of(run, self.signals, lambda: files.snapshots.saved_iter)
        self._run_batch, self._advance = bare(self.net.run_batch), bare(self.state.advance)
        self._begin_update, self._noise = bare(self.state.begin_update), run.updater.noise
        self._training_since = 0.0
        self._is_updating = False  # whether params are no longer those of ``state.iter``

    def solve(self, *, fresh: bool) -> SolverState:
        """Start or continue the run, and train until it is finished.

        Raises:
            Interrupted: If a signal stopped it, after a snapshot.
            BreakError: If a coffee break failed, after a snapshot.
            DivergedError: If the numbers are no longer finite; the last snapshot is good.
            RankError: If another rank has gone.
            SystemExit: On the other ranks, where one of these was raised on rank 0.
        """
        try:
            with self.net.store.backend.computing():
                return self._solve(fresh=fresh)
        except BaseException as error:
            self.ranks.abandon(error)
            raise
        finally:
            self.run.skipping.end()

    def _solve(self, *, fresh: bool) -> SolverState:
        start = perf_counter()
        point = self._begun(fresh=fresh)
        if point is RunPoint.CLOSED:
            return self.state
        try:
            # the guard finds what is not finite
            with self.signals, np.errstate(all="ignore"):
                while point is not RunPoint.CLOSED:
                    try:
                        point = self._go_on(point, start)
                    except LostRankError:
                        point = self._go_back()
        except BaseException as error:
            with suppress(GraphnetError):
                self.files.record.end(outcome_of(error), perf_counter() - start)
            raise
        self._say_end("finished")
        return self.state

    def _go_on(self, point: RunPoint, start: float) -> RunPoint:
        """From a point of the run to its end, where nothing is left to be done."""
        with self._breaks_open(), self._reported():
            self._training_since = perf_counter()
            if point is RunPoint.STEPPED:
                self._pause()
            if point < RunPoint.FINISHED:
                self._loop()
                self.ranks.on_rank_0(self._finish)
        outcome = self.state.stop_reason or FINISHED
        self.ranks.end(lambda: self.files.record.end(outcome, perf_counter() - start))
        return RunPoint.CLOSED

    def _begun(self, *, fresh: bool) -> RunPoint:
        """Start or continue the run; how far it then is."""
        try:
            return self.ranks.on_rank_0(partial(self._begin, fresh=fresh))
        except LostRankError:
            return self._go_back()

    def _begin(self, *, fresh: bool) -> RunPoint:
        self.ranks.have_params_moved = True
        self._tell_breaks()
        last = self.files.begin(fresh=fresh)
        self.state.update_run(is_resumed=last is not None, last_snapshot=last)
        if last is not None and self.files.record.is_complete:
            way_on = f"\n  to go on, give a larger max_iter; {START_OVER}"
            self._say_end("was finished before", way_on)
            return RunPoint.CLOSED
        if last is not None:
            self._say(f"going on from iteration {self.state.iter:,} ({shown(last)})")
        changed = self.files.snapshots.changed
        for key, values in changed.items():
            self._say(
                f"  with another {key}: {_short(values['to'])}, before {_short(values['from'])}"
            )
        self.files.record.start(changed)
        self.run.schedule.pass_over(self.state)
        return RunPoint.STEPPED if last is None else RunPoint.PAUSED

    def _tell_breaks(self, **known: Any) -> None:
        """Tell the breaks what is ``known`` of the run, its directory and its average."""
        if (directory := self.files.directory) is not None:
            known |= {"folder": directory.folder, "look": directory.look}
        if self.run.updater.average is not None:
            known["averaged"] = self.ranks.averaged
        self.state.update_run(**known)

    # --- after a loss -------------------------------------------------------------------

    def _go_back(self) -> RunPoint:
        """Ranks are lost: have the others stand where the furthest of them stands.

        Returns:
            How far the run is there.

        Raises:
            StartOverError: If one of them has not begun yet.
        """
        ranks, since = self.ranks, perf_counter()
        if not isinstance(ranks, ElasticRanks):
            raise LostRankError("a rank is lost")  # others do not raise it
        while True:
            try:
                ranks.regroup()
                if ranks.point is not RunPoint.CLOSED:
                    ranks.on_rank_0(partial(self._take_over, ranks, since))
            except StartOverError:
                raise
            except LostRankError:  # one more
                continue
            ranks.lost.clear()
            return ranks.point

    def _take_over(self, ranks: ElasticRanks, since: float) -> None:
        """Be rank 0 from here on, as if the run were brought back from a snapshot taken here."""
        known, files, state = ranks.knowledge, self.files, self.state
        if known is None:
            return
        files.take_over(known.statistics_bytes, known.saved_iter)
        self.run.schedule.load_state_dict(known.breaks)
        self._tell_breaks(
            is_resumed=True,
            last_snapshot=known.last_snapshot,
            seconds_trained=known.seconds_trained,
        )
        seconds = perf_counter() - since
        files.record.lose(ranks.lost, ranks.size, seconds)
        go_on = "1 rank goes on" if ranks.size == 1 else f"{ranks.size} ranks go on"
        said = f"{go_on} from iteration {state.iter:,} after {seconds:.1f} s"
        self.run.reporter.warning(f"{', '.join(ranks.lost) or 'a message'} lost; {said}")

    # --- the loop -----------------------------------------------------------------------

    def _loop(self) -> None:
        mark = self.net.step_mark()
        while not self.run.is_finished:
            if mark is not None:
                mark.set()
            try:
                self._step()
            except BaseException as error:
                if not isinstance(error, Interrupted):  # which is to end the run at once
                    self._save_before(mark)
                if isinstance(error, SystemExit):
                    self._refuse_exit(error)
                raise
            self.run.reporter.step()
            self._pause()

    def _step(self) -> None:
        """Forward, backward, update."""
        spec, state, net = self.run.spec, self.state, self.net
        t = state.iter + 1
        lr = spec.lr_policy.value(t, state.epoch) * state.lr_scale
        momentum = spec.mom_policy.value(t, state.epoch) if spec.mom_policy is not None else None
        net.context.iteration = state.iter
        self.run.skipping.begin()
        self.ranks.before_step()
        mean_loss = self._gradient(spec.iter_size)
        self.ranks.after_step()
        self._begin_update(lr, momentum)
        self._is_updating = True
        is_made = not (self.run.skipping.looks and self._is_skipped(t, mean_loss))
        if self._noise is not None:
            self._noise.end(is_made=is_made)
        if is_made:
            self.run.updater.update(t, lr, momentum or 0.0)
        self._advance(net, mean_loss)
        self._is_updating = False

    def _gradient(self, iter_size: int) -> Number | None:
        """Compute the gradient of ``iter_size`` batches; of several, return their mean loss."""
        net = self.net
        if iter_size == 1:
            self._run_batch()
            if self._noise is not None:
                self.run.updater.accumulate(0)
            return None
        total: Number = 0.0
        for k in range(iter_size):
            net.context.first_sample = k * net.batch_size
            self._run_batch()
            self.run.updater.accumulate(k)
            total = total + net.objective()
        net.context.first_sample = 0
        return total / iter_size

    def _is_skipped(self, t: int, mean_loss: Number | None) -> bool:
        """Whether update ``t`` is to be skipped, which is told."""
        why = self.run.skipping.reason(float(self.run.updater.norm()), mean_loss)
        if why and self.ranks.tells:
            self.run.reporter.warning(f"iteration {t:,}: {why}")
        return bool(why)

    # --- pauses -------------------------------------------------------------------------

    def _pause(self) -> None:
        """Take the breaks that are due, then do what they and the signals ask for."""
        if self.ranks.is_pause_due():
            self.ranks.on_rank_0(self._take_breaks)
        else:
            self.run.schedule.pass_over(self.state)

    def _take_breaks(self) -> RunPoint:
        self.net.settle()
        trained = perf_counter() - self._training_since
        self.state.update_run(seconds_trained=self.state.run.seconds_trained + trained)
        wanted = Request()
        try:
            for request in self.run.schedule.take(self.net, self.state, self.lounge):
                wanted |= request
        except BreakError as error:
            raise self._saved_after(error, wanted) from error.__cause__
        self._carry_out(wanted | Request(snapshot=self.ranks.take_hangup()))
        if self.ranks.stop:
            raise Interrupted(self.ranks.stop, self._save())
        self._training_since = perf_counter()
        return RunPoint.PAUSED

    def _carry_out(self, wanted: Request) -> Path | None:
        """Do what was requested; returns the snapshot, if one was written."""
        if wanted.restore_best or wanted.restore_last:
            self.ranks.have_params_moved = True
            snapshots, last = self.files.snapshots, self.state.run.last_snapshot
            snapshots.restore_best() if wanted.restore_best else snapshots.restore(last)
        path = self._save(best=wanted.best) if wanted.snapshot or wanted.best else None
        if wanted.stop:
            self.state.stop(wanted.stop)
        return path

    def _save(self, *, best: bool = False) -> Path | None:
        path = self.files.snapshots.save(best=best)
        self.state.update_run(last_snapshot=path)
        return path

    def _finish(self) -> RunPoint:
        """Write the last snapshot, then let the breaks finish.

        What the breaks record here comes after the snapshot, so it is cut off again if the run
        is prolonged.
        """
        if self._save() is None:
            check_finite(self.net, self.state)
        for warning in self.lounge.never_recorded():
            self.run.reporter.warning(warning)
        try:
            self.run.schedule.finish(self.net, self.state, self.lounge)
        except BreakError as error:
            raise self._saved_after(error) from error.__cause__
        self.lounge.sync()
        return RunPoint.FINISHED

    def _save_before(self, mark: StepMark | None) -> None:
        """After an error within a step, save the run as it was before that step.

        Until the update begins, the params are those of the last iteration, and ``mark`` has what
        passes change besides. Within the update there is nothing left to be saved.
        """
        last = self.state.run.last_snapshot
        from_last = f"; the run goes on from {shown(last)}" if last else ""
        if self.files.directory is None or mark is None:
            return
        if self._is_updating:
            said = f"the update of iteration {self.state.iter + 1:,} was not finished{from_last}"
            self.run.reporter.warning(said)
            return
        mark.restore()
        try:
            path = self._save()
        except Exception as failed:  # noqa: BLE001  # the error of the step is what is told
            self.run.reporter.warning(f"the run could not be saved: {failed}{from_last}")
            return
        if path is not None:
            at = f"as it was at iteration {self.state.iter:,}"
            self.run.reporter.warning(f"the run is saved {at}: {shown(path)}")

    # --- around it ----------------------------------------------------------------------

    def _refuse_exit(self, error: SystemExit) -> None:
        """A layer of the user's own that calls ``sys.exit`` does not end the program."""
        if is_called_by_user(error):
            during = f"while the net was computing, after iteration {self.state.iter}"
            raise exit_refused(error, during) from error

    @contextmanager
    def _breaks_open(self) -> Iterator[None]:
        """Open the breaks, and close them whatever happens; an error in closing hides no other."""
        try:
            self.ranks.on_rank_0(self._open_breaks)
            yield
        except BaseException:
            with suppress(BreakError):
                self.run.schedule.close(self.net, self.state, self.lounge)
            raise
        self.ranks.on_rank_0(self._close_breaks)

    def _open_breaks(self) -> None:
        self.lounge.start_iteration(self.state.iter)
        last_epoch = self.run.schedule.last_epoch
        self._carry_out(self.run.schedule.open(self.net, self.state, self.lounge))
        self.run.schedule.last_epoch = last_epoch  # the breaks of this iteration may be due yet

    def _close_breaks(self) -> None:
        self.lounge.start_iteration(self.state.iter)
        self.run.schedule.close(self.net, self.state, self.lounge)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        run, state = self.run, self.state
        run.reporter.start(RunProgress(state, state.iter, run.last_iter, run.samples_per_iter))
        try:
            yield
        finally:
            run.reporter.finish()

    def _saved_after(self, error: BreakError, wanted: Request = Request()) -> BreakError:  # noqa: B008  # frozen
        """Save the run; returns the error of a break with a line on what was saved."""
        try:
            path = self._carry_out(wanted | Request(snapshot=True))
        except GraphnetError as failed:
            return BreakError(f"{error}\n  and the run could not be saved: {failed}")
        way_out = "correct it and solve again" if path else "correct it"
        saved = f"the run is saved in {shown(path)}: " if path else ""
        return BreakError(f"{error}\n  {saved}{way_out}, or set 'on_error: continue' to skip it")

    def _say_end(self, how: str, then: str = "") -> None:
        state, directory = self.state, self.files.directory
        where = f" ({shown(directory.folder)})" if directory else ""
        why = f": {state.stop_reason}" if state.stop_reason else ""
        self._say(f"{how} at iteration {state.iter:,}, epoch {state.epoch:,}{where}{why}{then}")
        if directory is None:
            self._say(NOTHING_SAVED)

    def _say(self, text: str) -> None:
        self.run.reporter.line(text)


def _short(value: Any) -> str:
    """A value of YAML on a line."""
    if not isinstance(value, dict):
        return "none" if value is None else f"{value}"
    return " ".join(f"{v}" if k == "type" else f"{k} {_short(v)}" for k, v in value.items())
