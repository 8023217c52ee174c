"""Ctrl-C outside training: the command ends with 130 and one line, whenever it comes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: What a shell says of a program that SIGINT has ended.
INTERRUPTED = 130


@contextmanager
def quiet_interrupts() -> Iterator[None]:
    """Inside, Ctrl-C raises KeyboardInterrupt, and never in the middle of an import.

    An import that is interrupted may raise anything, and print: a half-made module of C code
    turns one exception into another. There is nothing to clean up then, and the process ends.
    Afterwards, while the interpreter winds up, Ctrl-C ends the process without a traceback.
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
