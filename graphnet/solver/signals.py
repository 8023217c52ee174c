"""Signals: a run that is asked to stop finishes its iteration and saves itself.

SIGINT and SIGTERM stop it, the second of them at once; SIGHUP has it write a snapshot and go on.
SIGUSR1, SIGUSR2 and SIGXCPU, by which batch systems and limits warn of an end, stop it however
often they come.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from graphnet.files.paths import shown


class Interrupted(KeyboardInterrupt):
    """A signal ended the run.

    Attributes:
        signal: Which one.
        snapshot: What was saved; None if nothing was.
    """

    def __init__(self, number: int, snapshot: Path | None = None) -> None:
        self.signal, self.snapshot = signal.Signals(number), snapshot
        saved = f"; saved {shown(snapshot)}, solve again to go on" if snapshot else ""
        super().__init__(f"stopped by {self.signal.name}{saved}")

    @property
    def exit_code(self) -> int:
        """What a program ended by the signal exits with: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.signal


class SignalWatch:
    """A context in which signals set flags that the loop reads.

    Handlers are installed in the main thread only, and not for signals that are ignored (as
    under ``nohup``). On leaving, the earlier handlers are put back.

    Attributes:
        stop: The signal that asked the run to stop, or 0.
        wants_snapshot: A SIGHUP came.
    """

    def __init__(self) -> None:
        self.stop = 0
        self.wants_snapshot = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._install("SIGINT", self._on_stop)
            self._install("SIGTERM", self._on_stop)
            self._install("SIGBREAK", self._on_stop)  # Windows: Ctrl-Break, or a console closed
            self._install("SIGHUP", self._on_hangup)
            for name in ("SIGUSR1", "SIGUSR2", "SIGXCPU"):
                self._install(name, self._on_warning)
        return self

    def _install(self, name: str, handler: Any) -> None:
        number = getattr(signal, name, None)  # some systems have no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before = self._before[number] = signal.signal(number, handler)
            came = getattr(before, "came", [])  # while the run was starting up
            if number in came:
                came.remove(number)
                handler(number, None)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._before.clear()

    def take_hangup(self) -> bool:
        """Whether a SIGHUP came since this was last called."""
        came, self.wants_snapshot = self.wants_snapshot, False
        return came

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        if self.stop:
            raise Interrupted(number)
        self.stop = number

    def _on_warning(self, number: int, frame: FrameType | None) -> None:
        self.stop = self.stop or number  # a limit on processor time warns each second

    def _on_hangup(self, number: int, frame: FrameType | None) -> None:
        self.wants_snapshot = True
