"""Processes that each train one trial; they end with the process that started them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The module that runs a trial: it reads a line of JSON and answers with one.
WORKER = "graphnet.cli.trial"
_POLL_S = 0.02
#: A process that was asked to stop writes a snapshot first; it is killed after so long.
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class TrialTask:
    """A trial to be trained.

    Attributes:
        number: Of the trial.
        message: What the worker is told.
        log: The file that what it prints is added to.
        held: Descriptors of locks that the process holds as well, until it has ended.
    """

    number: int
    message: Mapping[str, Any]
    log: Path
    held: tuple[int, ...] = ()


@dataclass(frozen=True)
class TrialReply:
    """What a worker answered.

    Attributes:
        number: Of the trial.
        error: What went wrong; empty if nothing did.
        kind: The class of the error.
    """

    number: int
    error: str = ""
    kind: str = ""


class OutOfBudgetError(Exception):
    """The time is used up; what was going on has been saved."""


def run_tasks(
    tasks: Iterable[TrialTask], n_jobs: int, deadline: float | None = None
) -> Iterator[TrialReply]:
    """Run trials in so many processes at a time; replies come as they end.

    Whatever ends this early (an error, Ctrl-C, the caller's own), every process is asked to save
    its run, and waited for.

    Args:
        tasks: In the order they are begun.
        n_jobs: Processes at a time.
        deadline: Of ``time.monotonic()``, after which all are stopped.

    Raises:
        OutOfBudgetError: If the deadline came first.
    """
    waiting, running = deque(tasks), dict[int, _Worker]()
    try:
        while waiting or running:
            if deadline is not None and time.monotonic() >= deadline:
                raise OutOfBudgetError("the budget is used up")
            while waiting and len(running) < n_jobs:
                task = waiting.popleft()
                running[task.number] = _Worker(task)
            ended = [n for n, worker in running.items() if worker.has_ended]
            for number in ended:
                yield running.pop(number).reply()
            if not ended:
                time.sleep(_POLL_S)
    finally:
        for worker in running.values():
            worker.ask_to_stop()
        for worker in running.values():
            worker.wait()


class _Worker:
    """A process that trains a trial; it stops when its standard input ends."""

    def __init__(self, task: TrialTask) -> None:
        self.task = task
        with task.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # this Python, and a module of ours
                [sys.executable, "-m", WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Ctrl-C is for the sweep, which asks each to stop just once
                start_new_session=True,
                pass_fds=task.held,
            )
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(BrokenPipeError):  # its exit code tells
                stdin.write(json.dumps(task.message).encode() + b"\n")
                stdin.flush()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def reply(self) -> TrialReply:
        """What it said before it ended."""
        process, number = self._process, self.task.number
        lines = process.stdout.read().splitlines() if process.stdout else []
        self._close()
        try:
            said = json.loads(lines[-1])
            return TrialReply(number, str(said["error"]), str(said["kind"]))
        except (IndexError, ValueError, KeyError, TypeError):
            code = process.returncode
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            return TrialReply(number, f"its process ended {how}: see {self.task.log}", "Ended")

    def ask_to_stop(self) -> None:
        """Have it save its run and end."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def wait(self) -> None:
        """Wait until it has ended."""
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
