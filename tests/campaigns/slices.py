"""Runs the slices of a campaign in processes forked from one that has imported everything.

A slice is a function of the campaign's settings and its number. It runs in a session of its own,
which leaves nothing behind. The parent starts no thread, so that a fork is safe, and keeps sums.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.figures import Figures, most

#: Seconds until a slice that does not end is ended, and counted as wrong.
PATIENCE = 3600.0
_PAUSE = 0.02
_PARENT_DEATH_SIGNAL = 1

#: From a slice's number and an empty folder to its figures.
Slice = Callable[[int, Path], Figures]


@dataclass(frozen=True)
class Done:
    """A slice that is done.

    Attributes:
        number: Which.
        seconds: Of the processor, those of its own processes included.
        figures: What it has counted.
    """

    number: int
    seconds: float
    figures: Figures


def run_slices(
    numbers: Iterator[int],
    function: Slice,
    folder: Path,
    jobs: int,
    may_go_on: Callable[[], bool] = lambda: True,
    patience: float = PATIENCE,
) -> Iterator[Done]:
    """Each slice, as it is done.

    Args:
        numbers: Of the slices, asked for one by one.
        function: What a slice does.
        folder: Where each gets a folder for itself.
        jobs: How many at once.
        may_go_on: Asked before each slice is begun.
        patience: Seconds until a slice is ended.
    """
    running: dict[int, tuple[int, float]] = {}  # by process: its number, and when it is late
    try:
        while True:
            while len(running) < jobs and may_go_on():
                number = next(numbers, None)
                if number is None:
                    break
                running[_fork(number, function, folder)] = number, time.monotonic() + patience
            if not running:
                return
            for process, (number, late) in list(running.items()):
                if time.monotonic() > late:
                    _end(process)
                ended, status, usage = os.wait4(process, os.WNOHANG)
                if ended:
                    del running[process]
                    seconds = usage.ru_utime + usage.ru_stime
                    figures = _figures(folder / str(number), status)
                    figures |= {"peak_kib": most(usage.ru_maxrss)}
                    yield Done(number, round(seconds, 2), figures)
            time.sleep(_PAUSE)
    finally:
        for process in running:
            _end(process)
            os.waitpid(process, 0)


def _fork(number: int, function: Slice, folder: Path) -> int:
    own = folder / str(number)
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        os.setsid()  # it is ended with all that it has started
        _end_with_parent()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        (own / "work").mkdir()
        figures = function(number, own / "work")
        (own / "figures.json").write_text(json.dumps(figures), "utf-8")
        code = 0
    except BaseException:  # noqa: BLE001  # whatever it is, it is a finding
        (own / "error").write_text(traceback.format_exc(), "utf-8")
    finally:
        os._exit(code)


def _end_with_parent() -> None:
    """Have the system end this process when its parent has gone; Linux can."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _figures(own: Path, status: int) -> Figures:
    """What a process has counted; one that has not ended well is wrong."""
    code = os.waitstatus_to_exitcode(status)
    if code:
        error = own / "error"
        said = error.read_text("utf-8") if error.exists() else f"ended with {code}"
        figures: Figures = {"wrong": [f"slice {own.name}: {said}"]}
    else:
        figures = json.loads((own / "figures.json").read_text("utf-8"))
    shutil.rmtree(own, ignore_errors=True)
    return figures


def _end(process: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
