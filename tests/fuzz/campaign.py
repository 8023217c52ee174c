"""Runs cases by the thousands in processes that may die, and counts what came of them."""

from __future__ import annotations

import faulthandler
import json
import math
import os
import re
import resource
import selectors
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.campaigns.figures import Figures, most
from tests.fuzz.cases import Fuzzer, Result, cpu_seconds

SECONDS = 20  # of the processor, which a case may take
PATIENCE = 120.0  # seconds until one that waits is given up, and its process where it is silent
ADDRESS_SPACE = 3 * 2**30  # beside what a process has at its start
_INNERMOST_IS_HDF5 = re.compile(r"\(most recent call first\):\s+File \"[^\"]*/h5py/")
_LARGEST_FILE = 256 * 2**20


def figures_of(case: str, result: Result) -> Figures:
    """What one case adds to the figures: its outcome, its errors, and whether it found a fault."""
    kind = case.partition(":")[0]
    said = f"{result.outcome}: {result.said}"
    return {
        "outcomes": {kind: {result.outcome: 1}},
        "errors": {kind: dict.fromkeys(result.errors, 1)},
        "faults": {case: said} if result.is_fault else {},
        "wrong": [f"{case}: {said}"] if result.is_fault else [],
        "slowest": most(round(result.seconds, 2), case),
        "peak_kib": most(result.peak_kib),
    }


@dataclass
class _Worker:
    """A process and what it has left to do."""

    cases: list[str]
    process: int = 0
    pipe: int = -1
    rest: bytes = b""
    heard: float = 0.0


def run(
    cases: Sequence[str], fuzzer: Fuzzer, n_workers: int, patience: float = PATIENCE
) -> Iterator[tuple[str, Result]]:
    """Each case and its result, as they come.

    Args:
        cases: Their names.
        fuzzer: What runs them, in processes forked from this one.
        n_workers: How many at once.
        patience: How long a case may wait for what never comes.
    """
    selector = selectors.DefaultSelector()
    for i in range(min(n_workers, len(cases))):
        _start(_Worker(list(cases[i::n_workers])), fuzzer, patience, selector)
    while selector.get_map():
        ready = selector.select(timeout=patience)
        for key, _ in ready:
            worker = key.data
            content = os.read(worker.pipe, 1 << 16)
            worker.heard = time.monotonic()
            if content:
                yield from _results(worker, content)
                continue
            yield from _end(worker, selector)
            if worker.cases:
                _start(worker, fuzzer, patience, selector)
        for key in list(selector.get_map().values()):
            if time.monotonic() - key.data.heard > 2 * patience:
                os.kill(key.data.process, signal.SIGKILL)


def _results(worker: _Worker, content: bytes) -> Iterator[tuple[str, Result]]:
    *lines, worker.rest = (worker.rest + content).split(b"\n")
    for line in lines:
        found = json.loads(line)
        yield worker.cases.pop(0), Result(**found | {"errors": tuple(found["errors"])})


def _end(worker: _Worker, selector: selectors.BaseSelector) -> Iterator[tuple[str, Result]]:
    """What the end of a process says of the case it was at."""
    selector.unregister(worker.pipe)
    os.close(worker.pipe)
    _, status, usage = os.wait4(worker.process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code and worker.cases:
        log = _log(worker.process)
        said = log.read_text("utf-8", "replace")[-6000:] if log.exists() else ""
        is_late = code in (-signal.SIGXCPU, -signal.SIGKILL) or "Timeout (" in said
        outcome = "hang" if is_late else "killed"
        if _INNERMOST_IS_HDF5.search(said):  # nobody but another process could have stopped it
            outcome = "library"
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        yield worker.cases.pop(0), Result(outcome, f"{name}\n{said}", (), 0.0, usage.ru_maxrss)
    worker.rest = b""


def _log(process: int) -> Path:
    """Where the traceback of a process that dies goes."""
    return Path(f"worker-{process}.log").absolute()


def _start(
    worker: _Worker, fuzzer: Fuzzer, patience: float, selector: selectors.BaseSelector
) -> None:
    worker.pipe, there = os.pipe()
    sys.stdout.flush()
    worker.process, worker.heard = os.fork(), time.monotonic()
    if worker.process:
        os.close(there)
        selector.register(worker.pipe, selectors.EVENT_READ, worker)
        return
    code = 70
    try:
        with _log(os.getpid()).open("w") as log:
            _work(worker, fuzzer, patience, there, log)
        code = 0
    except BaseException:  # noqa: BLE001  # the process ends here, whatever happens
        faulthandler.dump_traceback(sys.__stderr__)
    finally:
        os._exit(code)


def _work(worker: _Worker, fuzzer: Fuzzer, patience: float, pipe: int, log: object) -> None:
    """The process: case after case; it ends after one that has left much memory behind."""
    faulthandler.enable(log)  # type: ignore[arg-type]
    faulthandler.register(signal.SIGXCPU, log, chain=True)  # type: ignore[arg-type]
    warnings.simplefilter("error")  # one that escapes is a fault, too
    limit = int(Path("/proc/self/statm").read_text().split()[0]) * 4096 + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.fsync = _no_wait  # nothing that is written here need outlive the process
    fuzzer.work_in(f"worker-{os.getpid()}")
    for case in worker.cases:
        _allow(SECONDS)
        faulthandler.dump_traceback_later(patience, exit=True, file=log)  # type: ignore[arg-type]
        result = fuzzer.run(case)
        faulthandler.cancel_dump_traceback_later()
        os.write(pipe, json.dumps(asdict(result)).encode() + b"\n")
        if result.outcome == "memory":
            break


def _no_wait(_descriptor: object) -> None:
    """In place of ``os.fsync``."""


def _allow(seconds: int) -> None:
    """Let the process use so many seconds of the processor from now on, wherever it is stuck."""
    used = math.ceil(cpu_seconds())
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, hard))
