"""Ctrl-C outside training: at any time it ends the command with 130 and at most one line."""

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
