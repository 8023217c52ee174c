"""A day of a run: what befalls it, what is measured meanwhile, and whether it ends as it should.

The run is a process of its own (``tests.endurance.run``). After every so many iterations it waits,
is measured, and something may happen to it. In the end its files are compared with those of a run
that was left alone.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.endurance.run import STEP_S, Link, write_run

HOUR_S = 3600.0
#: Memory that is left to the run while others take all the rest.
SPARE_BYTES = 4 << 20
#: Bytes by which the run may have grown since its first hour: a file that is written anew leaves
#: its working memory behind. In the second half of the day, when all of that has happened, by
#: which it may have grown.
GROWTH, LATE_GROWTH = 2 << 20, 1 << 18
_START_S = 1_790_000_000.0  # of the day, in seconds since 1970
_PATIENCE_S = 600.0
_SOLVE = "import sys; from graphnet_engine import main; sys.exit(main())"
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sample:
    """What was measured of the run at one moment.

    Attributes:
        hour: Of the simulated day.
        iteration: Updates done.
        life: How often it had been started before.
        memory: Resident bytes.
        descriptors: Files it holds open.
        threads: Its threads.
        files: Files in its directory.
        n_bytes: Their bytes.
        cpu: Seconds of the processor since the process began.
    """

    hour: float
    iteration: int
    life: int
    memory: int
    descriptors: int
    threads: int
    files: int
    n_bytes: int
    cpu: float


@dataclass
class Day:
    """A run and what befalls it.

    Args:
        folder: An empty one, in which all takes place; a file system of its own if ``fills``.
        iterations: How many the run has.
        every: Iterations from one sample to the next.
        fills: Whether the disk may be filled.

    Attributes:
        samples: All of them.
        events: ``(hour, text)`` of what befell it.
        wrong: What is not as promised.
    """

    folder: Path
    iterations: int
    every: int
    fills: bool
    samples: list[Sample] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._life = -1
        self._now, self._set = 0.0, 0.0  # simulated seconds of the day; how far the clock was set
        self._reply: dict[str, float] = {}
        self._after: Callable[[], None] = lambda: None
        self._is_to_fail = False
        self._process: subprocess.Popen[bytes] | None = None
        self._left = self._incidents()

    # --- what befalls it ----------------------------------------------------------------

    def _incidents(self) -> list[tuple[float, str, Callable[[], None]]]:
        """``(part of the day, what it is, how it is done)``, in order."""
        run = self.folder / "day" / "run"
        found = [
            (0.03, "killed (SIGKILL), and started again", self._kill),
            (0.06, "the disk fills, is freed, and the run started again", self._fill),
            (0.10, "the log of its output moved away", lambda: self._move(run.parent / "out.log")),
            (0.12, "the clock put forward by 3 h", lambda: self._set_clock(3 * HOUR_S)),
            (0.14, "the clock put back by 5 h", lambda: self._set_clock(-5 * HOUR_S)),
            (
                0.16,
                "stopped and continued (SIGSTOP, SIGCONT) after 10 min",
                lambda: self._stop(600),
            ),
            (0.18, "suspended for 2 h", self._suspend),
            (0.20, "the log of its output copied and emptied", self._empty_output),
            (0.22, "`statistics.jsonl` moved away", lambda: self._move(run / "statistics.jsonl")),
            (0.24, "`log.csv` moved away", lambda: self._move(run / "log.csv")),
            (0.26, "`log.csv` emptied", lambda: os.truncate(run / "log.csv", 0)),
            (0.28, "TensorBoard's file moved away", lambda: self._move(self._events(run))),
            (0.30, "the file server away for 5 min", lambda: self._reply.update(away=300.0)),
            (0.33, "others take the memory, up to 4 MiB", self._take_memory),
            (0.55, "the clock put back by 24 h", lambda: self._set_clock(-24 * HOUR_S)),
            (0.66, "the memory is there again", self._give_memory),
            (0.72, "`statistics.jsonl` removed", (run / "statistics.jsonl").unlink),
            (0.76, "TensorBoard's file emptied", lambda: os.truncate(self._events(run), 0)),
            (0.80, "the file server away for 5 min", lambda: self._reply.update(away=300.0)),
            (
                0.85,
                "stopped and continued (SIGSTOP, SIGCONT) after 10 min",
                lambda: self._stop(600),
            ),
        ]
        return [one for one in found if self.fills or one[2] != self._fill]

    def _kill(self) -> None:
        self._is_to_fail = True
        self._running.kill()

    def _fill(self) -> None:
        """Leave no byte of the disk free."""
        self._is_to_fail = True
        with (self.folder / "ballast").open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def _set_clock(self, seconds: float) -> None:
        self._set += seconds
        self._reply["set"] = seconds

    def _stop(self, seconds: float) -> None:
        """It is stopped while it waits, and goes on when time has passed."""
        process = self._running
        process.send_signal(signal.SIGSTOP)
        self._reply["passed"] = self._reply["set"] = seconds
        self._after = lambda: (time.sleep(0.05), process.send_signal(signal.SIGCONT))

    def _suspend(self) -> None:
        """The machine sleeps: what counts time since its start stands still meanwhile."""
        self._stop(0.0)
        self._set_clock(2 * HOUR_S)

    def _move(self, path: Path) -> None:
        path.rename(path.with_name(f"{path.name}.1"))
        path.with_name(f"{path.name}.1").rename(self.folder / "away")
        (self.folder / "away").unlink()  # as programs do that keep so many

    def _empty_output(self) -> None:
        output = self.folder / "day" / "out.log"
        if output.exists():
            os.truncate(output, 0)

    @staticmethod
    def _events(run: Path) -> Path:
        names = [path.name for path in (run / "tensorboard").iterdir()]
        return run / "tensorboard" / max(names, default="none")

    def _take_memory(self) -> None:
        self._limit_memory(_statm(self._running.pid, 0) + SPARE_BYTES)

    def _give_memory(self) -> None:
        self._limit_memory(resource.RLIM_INFINITY)

    def _limit_memory(self, n_bytes: int) -> None:
        most = resource.prlimit(self._running.pid, resource.RLIMIT_AS)[1]
        resource.prlimit(self._running.pid, resource.RLIMIT_AS, (n_bytes, most))

    # --- the run ------------------------------------------------------------------------

    def run(self) -> None:
        """Let the day pass, and see what it has left."""
        day = self.folder / "day"
        self._alone(day)
        wanted = contents(day / "run")
        shutil.rmtree(day)  # in the same place, for snapshots know where their data is
        day.mkdir()
        write_run(day, self.iterations)
        while True:
            code, said = self._start(day)
            if not self._is_to_fail:
                break
            self._is_to_fail = False
            self._see_failure(code, said)
            (self.folder / "ballast").unlink(missing_ok=True)
        if code:
            self.wrong.append(f"it ended with {code}: {said[-600:]}")
        found = contents(day / "run")
        for name in sorted(wanted.keys() | found.keys()):
            if wanted.get(name) != found.get(name):
                self.wrong.append(f"{name} is not as in the run that was left alone")
        self.wrong += [f"did not happen: {what}" for _, what, _ in self._left]
        self.wrong += list(self.grown())

    def _alone(self, folder: Path) -> None:
        folder.mkdir()
        write_run(folder, self.iterations)
        done = subprocess.run(
            [sys.executable, "-c", _SOLVE, "solve", "net.yaml", "--quiet", "--threads", "1"],
            cwd=folder,
            env=_environment(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            self.wrong.append(f"the run left alone: {done.stderr.decode()[-600:]}")

    def _start(self, folder: Path) -> tuple[int, str]:
        """Start the run, or go on with it; its exit code, and what it said to standard error."""
        self._life += 1
        ours, its = os.pipe(), os.pipe()
        now, wall = _START_S + self._now, _START_S + self._now + self._set
        numbers = (its[0], ours[1], self.every, now, wall)
        error = self.folder.parent / f"{self.folder.name}.err"
        with (folder / "out.log").open("ab") as output, error.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.endurance.run", *map(str, numbers)],
                cwd=folder,
                env=_environment(),
                stdout=output,
                stderr=errors,
                pass_fds=(its[0], ours[1]),
            )
        os.close(its[0])
        os.close(ours[1])
        link = Link(ours[0], its[1])
        try:
            while (heard := link.hear()) is not None:
                self._now = heard["now"] - _START_S
                self.samples.append(self._sample(folder / "run", heard))
                self._reply, self._after = {}, lambda: None
                self._befall(heard["iter"])
                with suppress(BrokenPipeError):
                    link.tell(self._reply)
                self._after()
            code = self._running.wait(_PATIENCE_S)
        finally:
            self._running.kill()
            self._running.wait()
            link.close()
        said = error.read_text("utf-8", "replace")
        error.unlink()
        return code, said

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _befall(self, iteration: int) -> None:
        while self._left and not self._is_to_fail:
            part, what, happen = self._left[0]
            if iteration < part * self.iterations:
                return
            try:
                happen()
            except FileNotFoundError:  # it is not written anew yet: the next time
                return
            del self._left[0]
            self.events.append((self._now / HOUR_S, what))

    def _see_failure(self, code: int, said: str) -> None:
        """A kill leaves no word, a full disk one that says what to do."""
        if code == -signal.SIGKILL:
            return
        if code != 1 or os.strerror(errno.ENOSPC) not in said or "make room" not in said:
            self.wrong.append(f"on a full disk it ended with {code}: {said[-600:]}")

    def _sample(self, run: Path, heard: Mapping[str, Any]) -> Sample:
        process = Path(f"/proc/{self._running.pid}")
        sizes = [path.lstat().st_size for path in run.rglob("*") if path.is_file()]
        return Sample(
            self._now / HOUR_S,
            heard["iter"],
            self._life,
            _statm(self._running.pid, 1),
            len(list((process / "fd").iterdir())),
            len(list((process / "task").iterdir())),
            len(sizes),
            sum(sizes),
            heard["cpu"],
        )

    # --- what it comes to ---------------------------------------------------------------

    def lives(self) -> list[list[Sample]]:
        """The samples of each start."""
        return [[s for s in self.samples if s.life == life] for life in range(self._life + 1)]

    def settled(self) -> Iterator[list[Sample]]:
        """The samples of each start from its first hour on, or the 24th part of a shorter day."""
        hour = self.iterations * STEP_S / 24 / HOUR_S
        for life in self.lives():
            later = [s for s in life if s.hour >= life[0].hour + hour] if life else []
            if len(later) > 1:
                yield later

    def growth(self) -> int:
        """Bytes by which memory has grown at the end of a start since its first hour, at most."""
        return max((life[-1].memory - life[0].memory for life in self.settled()), default=0)

    def late_growth(self) -> int:
        """Bytes by which memory has grown in the second half of the day."""
        later = [s.memory for s in self.samples if s.iteration >= self.iterations / 2]
        return later[-1] - later[0] if later else 0  # it has ended before

    def grown(self) -> Iterator[str]:
        """What has become more that should not."""
        if self.growth() > GROWTH:
            yield f"memory has grown by {self.growth():,} bytes since the first hour"
        if self.late_growth() > LATE_GROWTH:
            yield f"memory has grown by {self.late_growth():,} bytes in the second half of the day"
        for name in ("descriptors", "threads", "files"):
            for life in self.settled():
                first, *_, last = (getattr(s, name) for s in life)
                # a moved event file is followed by another
                if last > first + (1 if name == "files" else 0):
                    yield f"{name}: {first} after the first hour, {last} in the end"


def milliseconds(samples: list[Sample]) -> list[tuple[float, float]]:
    """Of the processor for each 1,000 iterations: ``(hour, milliseconds)``."""
    return [
        (b.hour, (b.cpu - a.cpu) * 1e6 / (b.iteration - a.iteration))
        for a, b in pairwise(samples)
        if a.life == b.life
    ]


def contents(run: Path) -> dict[str, bytes]:
    """What must be the same in the end, byte for byte."""
    paths = [run / "statistics.jsonl", run / "log.csv", *(run / "snapshots").glob("*")]
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in paths if path.exists()}


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}


def _statm(process: int, field_: int) -> int:
    """Bytes of a process: its address space (0), what is resident of it (1)."""
    text = Path(f"/proc/{process}/statm").read_text("ascii")
    return int(text.split()[field_]) * resource.getpagesize()
