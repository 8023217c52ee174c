"""Ctrl-C outside training: at any time it ends the command with 130 and at most one line.

Signals that a run answers with a snapshot must not end it while it starts up: they are noted, and
the run answers them when it begins (:mod:`graphnet.solver.signals`).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The exit code that a shell gives a program ended by SIGINT.
INTERRUPTED = 130


@contextmanager
def quiet_interrupts() -> Iterator[None]:
    """Inside, Ctrl-C raises KeyboardInterrupt; during an import it ends the process at once.

    An interrupted import of C code may raise any error, and print. There is nothing to clean up
    then. Afterwards, while the interpreter shuts down, Ctrl-C ends the process without a traceback.
    """
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, _on_interrupt)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, _on_late_interrupt)


class _Noted:
    """A handler that notes what comes.

    Attributes:
        came: The signals, in order.
    """

    def __init__(self) -> None:
        self.came: list[int] = []

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Note one."""
        self.came.append(number)


def note_signals() -> None:
    """Note the signals that a run answers with a snapshot, until it begins."""
    if threading.current_thread() is not threading.main_thread():
        return
    noted = _Noted()
    for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, noted)


def _on_interrupt(_number: int, frame: FrameType | None) -> None:
    if _is_importing(frame):
        os._exit(INTERRUPTED)
    raise KeyboardInterrupt


def _on_late_interrupt(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
