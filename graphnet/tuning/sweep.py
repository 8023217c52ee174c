"""A sweep: which trials are run to which end, and what each comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, isfinite
from typing import Any

from graphnet.errors import SnapshotError
from graphnet.runs.found import read_run
from graphnet.solver.coffee.direction import Mode
from graphnet.tuning.processes import TrialReply, TrialTask, run_tasks
from graphnet.tuning.space import TrialSettings
from graphnet.tuning.sweep_folder import TRIALS, Rung, SweepFolder, Trial

#: Ends of a sweep by successive halving.
N_RUNGS = 3
#: Errors that are no property of a trial's settings: it is tried again the next time.
_NOT_ITS_OWN = ("SnapshotError", "Ended", "OSError", "MemoryError", "DataError", "BackendError")
Limits = Mapping[str, int]


def limits_of(length: Limits, eta: int) -> list[Limits]:
    """How long trials are trained by successive halving, the shortest first.

    Args:
        length: ``max_iter`` and ``max_epoch`` as they are declared.
        eta: One of so many is trained further each time; 0: all are trained to their end.
    """
    if not eta:
        return [{}]
    found: list[Limits] = []
    for rung in range(N_RUNGS):
        part = eta ** (N_RUNGS - 1 - rung)
        limits = {key: max(1, ceil(value / part)) for key, value in length.items()}
        if limits not in found:
            found.append(limits)
    return found


@dataclass
class Sweep:
    """Trials, and how they are run.

    Attributes:
        folder: Where they are kept.
        key: The statistic that says which is best.
        mode: Whether a higher one is better.
        message: What every worker is told besides its settings.
        n_jobs: Processes at a time.
        deadline: Of ``time.monotonic()``.
        tell: Called with each trial that has ended.
        unsettled: What kept a trial from being run, which may be over the next time.
    """

    folder: SweepFolder
    key: str
    mode: Mode
    message: Mapping[str, Any]
    n_jobs: int = 1
    deadline: float | None = None
    tell: Callable[[Trial], None] = lambda _: None
    unsettled: list[TrialReply] = field(default_factory=list)

    def run(self, trials: Mapping[int, TrialSettings], limits: Sequence[Limits] = ({},)) -> None:
        """Run trials that have not been, each to its end.

        Args:
            trials: Settings by number.
            limits: The lengths of successive halving; of those that reach one, the best go on.

        Raises:
            OutOfBudgetError: If the time is used up.
            SnapshotError: If the folder cannot be written.
        """
        numbers = sorted(trials)
        for rung, limit in enumerate(limits):
            todo = [n for n in numbers if not self._is_done(n, rung)]
            tasks = [self._task(n, trials[n], limit) for n in todo]
            for reply in run_tasks(tasks, self.n_jobs, self.deadline):
                self._take(reply, trials[reply.number])
            if self.unsettled:
                return
            if rung + 1 < len(limits):
                numbers = self.best(numbers, rung, self._eta(limits, rung, len(numbers)))

    @staticmethod
    def _eta(limits: Sequence[Limits], rung: int, n: int) -> int:
        """How many of ``n`` go on: as much fewer as they are trained longer."""
        key = next(iter(limits[rung]))
        return max(1, n * limits[rung][key] // limits[rung + 1][key])

    def best(self, numbers: Sequence[int], rung: int, n: int) -> list[int]:
        """The best ``n`` of these trials at a rung, by number; those without a value never are."""
        values = {i: self.folder.trials[i].value(self.key, rung) for i in numbers}
        sign = -1 if self.mode == "max" else 1
        known = sorted((sign * v, i) for i, v in values.items() if v is not None)
        return sorted(i for _, i in known[:n])

    def ranked(self) -> list[Trial]:
        """All trials that have ended, the best first; those without a value last.

        Of several that were not trained equally long, the longer ones come first.
        """
        sign = -1 if self.mode == "max" else 1

        def order(trial: Trial) -> tuple[Any, ...]:
            value = trial.value(self.key)
            return (value is None, -len(trial.rungs), sign * (value or 0.0), trial.number)

        return sorted(self.folder.trials.values(), key=order)

    def _is_done(self, number: int, rung: int) -> bool:
        trial = self.folder.trials.get(number)
        return trial is not None and (trial.failed or len(trial.rungs) > rung)

    def _task(self, number: int, settings: TrialSettings, limit: Limits) -> TrialTask:
        run = self.folder.run_folder(number)
        message = {
            **self.message,
            "settings": {**settings, **limit},
            "exp_dir": str(run),
        }
        log = self.folder.path / TRIALS / f"{number:04}.log"
        return TrialTask(number, message, log, self.folder.held)

    def _take(self, reply: TrialReply, settings: TrialSettings) -> None:
        """Keep what a trial came to."""
        if reply.kind in _NOT_ITS_OWN:
            self.unsettled.append(reply)
            return
        failed = bool(reply.error)
        if failed:
            rung = Rung(f"failed: {reply.error}", 0, {})
        else:
            run = read_run(self.folder.run_folder(reply.number))
            best = {k: v for k, v in run.best.items() if isfinite(v[0])}
            rung = Rung(run.ended, run.iter, best)
        trial = self.folder.record(reply.number, settings, rung, failed=failed)
        self.folder.write_results(self.key)
        self.tell(trial)

    def check_settled(self) -> None:
        """See that every trial could be run.

        Raises:
            SnapshotError: Naming what kept the first from it.
        """
        if self.unsettled:
            first = self.unsettled[0]
            raise SnapshotError(
                f"trial {first.number} could not be run: {first.error}\n"
                "  put that right; the same command then goes on"
            )
