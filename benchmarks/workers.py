"""Worker processes: a line of JSON for a request, a line of JSON for its answer.

Whoever is measured lives in a process of its own for as long as its case is measured. All are
asked in turn, again and again, so that whatever happens to the machine happens to all alike.
Standard library alone, because the workers of peers run in another Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: The timed part of a measurement, in parts as long as what goes before it untimed.
TIMED_PARTS = 3

ROOT = Path(__file__).parent.parent


class WorkerEndedError(Exception):
    """A worker has ended before it answered; the text is the last line of its complaint."""


# --- the worker's side --------------------------------------------------------------------


def requests() -> Iterator[list[Any]]:
    """What is asked: a name and its arguments."""
    for line in sys.stdin:
        yield json.loads(line)


def answer(value: Any) -> None:
    """One line to whoever asks."""
    print(json.dumps(value), flush=True)


def serve(run: Callable[[dict[str, Any]], None]) -> None:
    """Run a worker on the task it was given; what goes wrong is said in one line."""
    try:
        run(json.loads(sys.argv[1]))
    except Exception as error:  # noqa: BLE001  # the reason is read by the process that asks
        first = str(error).strip().partition("\n")[0]
        sys.exit(f"{type(error).__name__}: {first}")


def calls_in(call: Callable[[], object], seconds: float) -> int:
    """About how many calls fit into ``seconds``, at least 1; after as long to get going."""
    for _ in range(2):
        start, count = time.perf_counter(), 0
        while not count or time.perf_counter() - start < seconds:
            call()
            count += 1
    return max(1, round(seconds * count / (time.perf_counter() - start)))


def seconds_of(call: Callable[[], object], calls: int) -> float:
    """Seconds of a call: the mean of ``TIMED_PARTS`` × ``calls``, after ``calls`` not timed.

    A process that has slept needs some time to get going.
    """
    for _ in range(calls):
        call()
    start = time.perf_counter()
    for _ in range(calls * TIMED_PARTS):
        call()
    return (time.perf_counter() - start) / (calls * TIMED_PARTS)


# --- the side of the suite ----------------------------------------------------------------


class Worker:
    """A process that does what it is asked.

    Attributes:
        about: What it said of itself when it was ready; after :meth:`ready`.

    Args:
        python: Which Python runs it.
        module: Of this package.
        task: What it is to work on.
    """

    def __init__(self, python: str, module: str, task: Mapping[str, Any]) -> None:
        self.about: dict[str, Any] = {}
        self._complaint = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed by close()
        self._process = subprocess.Popen(
            [python, "-m", module, json.dumps(task)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaint,
            text=True,
            cwd=ROOT,
        )

    def ready(self) -> None:
        """Wait until it has started.

        Raises:
            WorkerEndedError: If it could not.
        """
        self.about = self._read()

    def ask(self, what: str, *arguments: Any) -> Any:
        """One request, one answer.

        Raises:
            WorkerEndedError: If there is none.
        """
        with suppress(BrokenPipeError):  # the reason is found where the answer is missing
            print(json.dumps([what, *arguments]), file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if line:
            return json.loads(line)
        code = self._process.wait()
        self._complaint.seek(0)
        said = self._complaint.read().strip().splitlines()
        raise WorkerEndedError(said[-1] if said else f"it ended with code {code}")

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaint.close()


class Crew:
    """The workers of one case, by name; a context that ends them.

    Attributes:
        workers: Those that work.
        unavailable: Why the others do not.

    Args:
        workers: All of them, on their way.
        essential: The one without which there is nothing to measure; where it ends, so does
            the suite.
    """

    def __init__(self, workers: Mapping[str, Worker], essential: str = "graphnet") -> None:
        self.workers, self.essential = dict(workers), essential
        self.unavailable: dict[str, str] = {}

    def __enter__(self) -> Self:
        for name, worker in list(self.workers.items()):
            with self._leaving(name):
                worker.ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.workers.values():
            worker.close()

    def about(self, key: str) -> dict[str, Any]:
        """One thing that every worker said of itself."""
        return {name: worker.about[key] for name, worker in self.workers.items()}

    def ask(self, what: str, *arguments: Any) -> dict[str, Any]:
        """The answers of all, one after the other."""
        answers = {}
        for name, worker in list(self.workers.items()):
            with self._leaving(name):
                answers[name] = worker.ask(what, *arguments)
        return answers

    def alternate(
        self, rounds: int, what: str, *arguments: Any, warm_up: int = 1
    ) -> dict[str, list[float]]:
        """Ask all in turn for so many rounds, and begin each round with the next of them.

        Args:
            rounds: Answers of each that are kept.
            what: The request.
            arguments: Its arguments.
            warm_up: Rounds before those.

        Returns:
            The answers of each worker that gave all of them; the rest are ``unavailable``.
        """
        found: dict[str, list[float]] = {name: [] for name in self.workers}
        for turn in range(warm_up + rounds):
            names = list(self.workers)
            first = turn % len(names) if names else 0
            for name in names[first:] + names[:first]:
                with self._leaving(name):
                    value = self.workers[name].ask(what, *arguments)
                    if turn >= warm_up:
                        found[name].append(value)
        return {name: found[name] for name in self.workers}

    @contextmanager
    def _leaving(self, name: str) -> Iterator[None]:
        """Here a worker may end: it then leaves the crew, and the reason is kept."""
        try:
            yield
        except WorkerEndedError as error:
            self.workers.pop(name).close()
            if name == self.essential:
                raise
            self.unavailable[name] = str(error)
