"""OneRank: a run in one process, where nobody has to be waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from graphnet.solver.run import Run
from graphnet.solver.signals import SignalWatch

T = TypeVar("T")


class OneRank:
    """What the loop asks of the ranks of a run, where there is one.

    Attributes:
        have_params_moved: To be set where params may have changed outside a step.

    Args:
        run: The run.
        signals: What the system has told this process.
    """

    def __init__(self, run: Run, signals: SignalWatch) -> None:
        self._run, self._signals = run, signals
        self.have_params_moved = False

    @property
    def tells(self) -> bool:
        """Whether this rank tells the user what all ranks find."""
        return True

    def on_rank_0(self, function: Callable[[], T]) -> T:
        """Call the function."""
        return function()

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the net has the moving average of its params, which the run keeps."""
        average = self._run.updater.average
        if average is not None:
            average.exchange(is_used=True)
        try:
            yield
        finally:
            if average is not None:
                average.exchange(is_used=False)

    def before_step(self) -> None:
        """Nothing."""

    def after_step(self) -> None:
        """Nothing."""

    @property
    def stop(self) -> int:
        """The signal that asks the run to stop, or 0."""
        return self._signals.stop

    def take_hangup(self) -> bool:
        """Whether a SIGHUP has asked for a snapshot since this was last called."""
        return self._signals.take_hangup()

    def is_pause_due(self) -> bool:
        """Whether there is something to do after this iteration: breaks, or signals."""
        signals, run = self._signals, self._run
        return bool(signals.stop or signals.wants_snapshot or run.schedule.due(run.state))

    def end(self, function: Callable[[], None]) -> None:
        """The run is at its end: call the function, which says so."""
        function()

    def abandon(self, error: BaseException) -> None:
        """Nothing: nobody waits for this rank."""
