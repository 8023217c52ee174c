"""Jobs of which ranks are killed, at random instants or where it hurts most; and what came of them.

What the campaigns of :mod:`tests.parallel.kills` have in common: a slice of theirs is one job.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.campaigns.figures import Figures
from tests.campaigns.pages import table
from tests.campaigns.slices import Slice
from tests.parallel.dying import DIED, phase_file
from tests.parallel.jobs import rank_processes, solve_job, write_job
from tests.parallel.recipe import results

LAST_ITER = 24
#: What must be the same in the end, byte for byte.
RESULTS = (f"snapshot-{LAST_ITER:06d}.h5", "best.h5", "statistics.jsonl")
BREAKS = [
    {"type": "TrainingSummary", "every_n_iter": 3},
    {"type": "ValidationPerformance", "every_n_iter": 5},
    {"type": "Plateau", "key": "accuracy", "patience": 1, "gamma": 0.5},
    {"type": "Snapshot", "every_n_iter": 2, "keep_last": 2, "keep_best": "accuracy"},
]
#: Where a rank kills itself; each rank comes there so many times, rank 0 alone to the last two.
PLACES = {"forward": 24, "sum": 24, "validation": 5, "snapshot": 12, "file": 12}
INSTANT = "instant"
_ONLY_RANK_0 = ("snapshot", "file")
_CALLED = {
    "start": "reading the net",
    "alike": "comparing the ranks",
    "begin": "beginning",
    "open": "opening coffee breaks",
    "forward": "computing a shard",
    "sum": "summing over the ranks",
    "spread": "telling running statistics",
    "update": "updating params",
    "breaks": "taking coffee breaks",
    "validation": "validating",
    "snapshot": "writing a snapshot",
    "file": "completing a file",
    "tell": "telling the others",
    "follow": "following rank 0",
    "receive": "receiving what others know",
    "take over": "taking over",
    "share": "sharing the shards anew",
    "finish": "finishing",
    "close": "closing coffee breaks",
    "record": "ending the record",
}
#: Seconds of training, in which the random instants lie, with what it waits in each iteration.
TRAINS_S = 4.0
SLOW = "0.03"
#: Until a job that is not killed is given up: other work may be going on.
WITHIN_S = 600.0
_GDB_S = 20.0
#: So many characters of what was said at the end are kept.
_MOST_SAID = 20_000


class Death(NamedTuple):
    """One that is planned.

    Attributes:
        rank: Who dies.
        place: Of :data:`PLACES`, or :data:`INSTANT`.
        when: How often it has come there, or the seconds of training.
    """

    rank: int
    place: str
    when: float


class Outcome(NamedTuple):
    """A job that has ended.

    Attributes:
        code: What mpiexec has returned.
        said: By the ranks, and by those that were ended by hand where they stood.
        died: The ranks that were killed.
        kills: How many, by way and by what they were doing.
        has_hung: Whether it had to be ended by hand.
        after_s: How long it lived on after the last kill.
    """

    code: int
    said: str
    died: set[int]
    kills: dict[str, dict[str, int]]
    has_hung: bool
    after_s: float


@dataclass(frozen=True)
class Job:
    """A job in a folder of its own.

    Attributes:
        folder: Where.
        whole: What the run left alone has left, by the file's name.
        chance: Of what is left to it.
    """

    folder: Path
    whole: Mapping[str, bytes]
    chance: random.Random

    def deaths(self, ranks: Sequence[int], *, of_rank_0: str = "") -> list[Death]:
        """Where each of some ranks is killed; ``of_rank_0`` is where rank 0 is, if it says so."""
        found = []
        for rank in ranks:
            places = [p for p in PLACES if not rank or p not in _ONLY_RANK_0]
            place = self.chance.choice((INSTANT, INSTANT, INSTANT, *places))
            if not rank and of_rank_0:
                place = of_rank_0
            is_instant = place == INSTANT
            when = self.chance.uniform(0, TRAINS_S) if is_instant else self._count(place)
            found.append(Death(rank, place, when))
        return found

    def _count(self, place: str) -> int:
        return self.chance.randint(1, PLACES[place])

    def run(
        self, start: Callable[..., subprocess.Popen[str]], deaths: Sequence[Death], within: float
    ) -> Outcome:
        """Run it, and kill ranks.

        Args:
            start: Starts it, of :mod:`tests.parallel.dying`, with variables that are added.
            deaths: Which ranks die, and where.
            within: Seconds until a job that does not end is ended.
        """
        die = [f"{d.rank}:{d.place}:{d.when}" for d in deaths if d.place != INSTANT]
        process = start(SLOW=SLOW, DIE=",".join(die))
        begin = time.monotonic()
        killed = self._kill(process, [d for d in deaths if d.place == INSTANT], begin + within)
        has_hung = False
        try:
            out, err = process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            has_hung = True
            out, err = _end(process)
        ended = time.monotonic()
        by_themselves = self._died()
        places = {death.rank: death.place for death in deaths}
        kills = {
            "place": Counter(places[rank] for rank in by_themselves),
            "instant": Counter(phase for phase, _ in killed.values()),
        }
        at = [at for _, at in killed.values()] + list(by_themselves.values())
        died = set(killed) | set(by_themselves)
        counted = {way: dict(n) for way, n in kills.items()}
        last = ended - max(at, default=ended)
        said = f"{out[-_MOST_SAID:]}\n{err[-_MOST_SAID:]}"
        return Outcome(process.returncode, said, died, counted, has_hung, last)

    def _kill(
        self, process: subprocess.Popen[str], deaths: Sequence[Death], latest: float
    ) -> dict[int, tuple[str, float]]:
        """Kill ranks at instants of the training; what each was doing, and when it was killed."""
        killed: dict[int, tuple[str, float]] = {}
        record = self.folder / "run" / "run.json"
        while (
            deaths and not record.exists() and process.poll() is None and time.monotonic() < latest
        ):
            time.sleep(0.02)
        begin = time.monotonic()
        for death in sorted(deaths, key=lambda one: one.when):
            time.sleep(max(0.0, begin + death.when - time.monotonic()))
            found = rank_processes(process.pid)
            if death.rank in found and process.poll() is None:
                os.kill(found[death.rank], signal.SIGKILL)
                noted = phase_file(self.folder, death.rank)
                phase = noted.read_text("utf-8").strip() if noted.exists() else ""
                killed[death.rank] = phase or "starting", time.monotonic()
        return killed

    def _died(self) -> dict[int, float]:
        """Which ranks have killed themselves, and when; all processes have the same clock."""
        file = self.folder / DIED
        if not file.exists():
            return {}
        lines = [line.split() for line in file.read_text("utf-8").splitlines()]
        file.unlink()
        return {int(rank): float(at) for rank, at in lines}

    def different(self) -> list[str]:
        """Which files of the run are not those of the run left alone."""
        there = (self.folder / "run" / "snapshots").is_dir()
        found = results(self.folder / "run") if there else {}
        return [name for name in RESULTS if found.get(name) != self.whole[name]]


def _end(process: subprocess.Popen[str]) -> tuple[str, str]:
    """End a job that does not end; what it has said, and where its ranks stood."""
    ranks = rank_processes(process.pid)
    stood = [f"rank {rank}:\n{_stacks(ranks[rank])}" for rank in sorted(ranks)]
    for rank in ranks.values():  # each says where its Python stands
        os.kill(rank, signal.SIGABRT)
    try:
        out, err = process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    return out, "\n".join([err, *stood])


def _stacks(process: int) -> str:
    """Where the threads of a process stand, by gdb where that is."""
    if not shutil.which("gdb"):
        return ""
    command = ["gdb", "-p", str(process), "-batch", "-ex", "thread apply all backtrace 30"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_GDB_S)
    except subprocess.TimeoutExpired:
        return "gdb has not come back"
    return done.stdout


@dataclass(frozen=True)
class KilledJobs:
    """A campaign of such jobs.

    Attributes:
        name: As in the markers of the page.
        runs: How many jobs.
        seed: Of what is left to chance.
        work: What is done with one, and what it counts.
        report: The figures in words.
        page: The figures as Markdown.
    """

    name: str
    runs: int
    seed: int
    work: Callable[[Job, int], Figures]
    report: Callable[[Figures], list[str]]
    page: Callable[[Figures], list[str]]

    def settings(self) -> Mapping[str, Any]:
        """What slices depend on."""
        return {"iterations": LAST_ITER}

    def prepare(self, folder: Path) -> Slice:
        """The job, and what the run left alone leaves."""
        write_job(folder / "job", LAST_ITER, coffee_breaks=BREAKS, shards=4)
        net = folder / "job" / "net.yaml"
        text = net.read_text("utf-8")
        for file in (folder / "job").glob("*.h5"):  # snapshots know the path of their data
            text = text.replace(f"source: {file.name}", f"source: {file}")
        net.write_text(text, "utf-8")
        alone = solve_job(0, folder / "job", within=WITHIN_S)
        if alone.code:
            raise RuntimeError(alone.err)
        found = results(folder / "job" / "run")
        whole = {name: found[name] for name in RESULTS}
        shutil.rmtree(folder / "job" / "run")

        def slice_of(number: int, own: Path) -> Figures:
            shutil.copytree(folder / "job", own / "job", ignore=shutil.ignore_patterns("*.h5"))
            chance = random.Random(f"{self.seed}/{number}")  # noqa: S311  # nobody guesses it
            return self.work(Job(own / "job", whole, chance), number)

        return slice_of

    def slices(self) -> int | None:
        """One for each job."""
        return self.runs

    def is_enough(self, figures: Figures) -> bool:
        """When all are done."""
        return False


def n_kills(figures: Figures) -> int:
    """All of them."""
    return sum(sum(n.values()) for n in figures.get("kills", {}).values())


def by_phase(figures: Figures) -> Iterator[tuple[str, int, int]]:
    """``(phase, kills at a random instant, kills there on purpose)``, the most first."""
    kills = figures.get("kills", {})
    instants, places = Counter(kills.get("instant")), Counter(kills.get("place"))
    for phase, _ in (instants + places).most_common():
        yield _CALLED.get(phase, phase), instants[phase], places[phase]


def phase_lines(figures: Figures) -> list[str]:
    """The table by phase, for a report."""
    lines = [f"  {phase:<27}{a:>5}{b:>5}" for phase, a, b in by_phase(figures)]
    return [f"  {'killed while':<27}{'by chance, on purpose':>5}", *lines]


def phase_table(figures: Figures) -> list[str]:
    """The table by phase, for a page."""
    rows = [(phase, f"{a:,}", f"{b:,}") for phase, a, b in by_phase(figures)]
    return table(("a rank killed while", "at a random instant", "on purpose there"), rows)


def in_tenths(seconds: float) -> dict[str, int]:
    """One duration, to be added up."""
    return {f"{seconds:.1f}": 1}


def median_and_most(durations: Mapping[str, int]) -> tuple[float, float]:
    """Of what :func:`in_tenths` gives, added up."""
    ordered = sorted(Counter({float(s): n for s, n in durations.items()}).elements()) or [0.0]
    return ordered[len(ordered) // 2], ordered[-1]
