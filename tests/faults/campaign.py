"""Runs that are killed and failed in every way there is, and what became of them."""

from __future__ import annotations

import errno
import faulthandler
import functools
import gc
import os
import re
import shutil
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

import typer.main

import graphnet as gn
import graphnet.cli.solve  # here, so that not every process does it
from graphnet.cli import main
from graphnet.errors import SnapshotError
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.record.snapshot_file import read
from graphnet.solver.reporter import SilentReporter
from tests.campaigns.figures import Figures
from tests.faults.board import NOT_YET, Board
from tests.faults.instruments import KILL, POWER_CUT, Instruments, Plan
from tests.faults.trace import KEPT, Trace, after_power_cut
from tests.faults.training_run import Recipe, write_run

THREADS = (1, 2, 3)
#: The share of starts that are the whole command; the others have the net loaded before the fork.
COLD = 0.1
#: A start takes a part of a second; one that takes so long has stopped for good.
MOST_SECONDS = 120.0
#: What the system says, and what graphnet adds.
ADVICE = {
    errno.ENOSPC: "the disk is full: make room, or lower keep_last",
    errno.EIO: "the disk reports a fault: copy the run to another one",
    errno.EROFS: "the file system is read-only: choose another exp_dir",
}
#: The ways to be killed.
OUTSIDE, INSIDE, CUT, REPLAYED = "outside", "inside", "power cut", "replayed"
_HALF = (False, True)
_IMMATERIAL = ("unlink", "read", "forward", "backward", "update")

# the commands are read once, not in every process
typer.main.get_command = functools.cache(typer.main.get_command)  # type: ignore[assignment]


class Start(NamedTuple):
    """One process, from start to end.

    Attributes:
        code: Its exit code, or minus the signal that ended it.
        err: What it wrote to stderr.
        phase: What its main thread was doing when it ended.
        is_reading: Whether the reader thread was in the middle of reading.
        seconds: How long it took.
    """

    code: int
    err: str
    phase: str
    is_reading: bool
    seconds: float


@dataclass
class Run:
    """A run over all its starts.

    Attributes:
        folder: The run's directory is in it.
        saved: The iteration of the last snapshot it has completed; -1 before the first.
        n_kills: Since it was last seen to begin or to go on.
    """

    folder: Path
    saved: int = -1
    n_kills: int = 0


class Counted:
    """What is counted.

    Attributes:
        kills: By way and phase.
        while_reading: Kills in the middle of a read of the reader thread.
        resumed: Kills after which the run went on from a snapshot of iteration 1 or later.
        began_anew: And those that came before there was one.
        lost: Snapshots that had been completed and could not be gone on from.
        damaged: Files under a final name that were not whole.
        runs: Ended, each compared with the run left alone.
        different: Of these, those that were not the same byte for byte.
        failures: Injected errors that ended a start with the right code and message, by error.
        unmet: Planned events that did not come to pass.
        unmet_events: Which.
        wrong: What was not as promised, in words.
    """

    def __init__(self) -> None:
        self.kills: dict[str, Counter[str]] = {
            way: Counter() for way in (OUTSIDE, INSIDE, CUT, REPLAYED)
        }
        self.while_reading = self.resumed = self.began_anew = 0
        self.lost = self.damaged = self.runs = self.different = self.unmet = 0
        self.failures: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.unmet_events: list[str] = []

    def figures(self) -> Figures:
        """All of it, to be added up."""
        return {**vars(self), "kills": {way: dict(n) for way, n in self.kills.items()}}


class Kills:
    """Kills and fails runs of one recipe in a folder.

    Args:
        folder: An empty one.
        shared: Where the data is.
        recipe: Which runs.
        chance: Of what is left to chance.
    """

    def __init__(self, folder: Path, shared: Path, recipe: Recipe, chance: Random) -> None:
        self.folder, self.recipe, self.chance = folder, recipe, chance
        self.figures = Counted()
        for path in shared.glob("*.h5"):
            (folder / path.name).symlink_to(path)
        write_run(folder, recipe)
        self._net = gn.load_net(folder / "net.yaml", threads=1)
        assert threading.active_count() == 1, "a process with threads cannot fork safely"
        gc.collect()
        gc.freeze()  # or the collector of each child copies all pages
        self.whole = Run(folder / "whole")
        start = self.start(self.whole)
        if start.code:
            raise RuntimeError(f"the run left alone has failed: {start.err}")
        self.seconds = start.seconds
        self.events = (self.whole.folder / "events").read_text("utf-8").splitlines()

    # --- one process --------------------------------------------------------------------

    def start(self, run: Run, plan: Plan | None = None, kill_after: float | None = None) -> Start:
        """Start a run, or have it go on, in a process of its own.

        Args:
            run: Which.
            plan: What happens to the process.
            kill_after: Seconds until it is killed from outside.
        """
        run.folder.mkdir(exist_ok=True)
        board = Board(run.folder / "board")
        errors = plan is not None and plan.act not in (KILL, POWER_CUT)
        is_cold = errors or self.chance.random() < COLD
        n_threads = self.chance.choice(THREADS) if is_cold else 0
        begin = time.monotonic()
        sys.stdout.flush()
        process = os.fork()
        if not process:
            trace = Trace(run.folder) if plan is None and kill_after is None else None
            self._child(run, Instruments(board, run.folder / "run", plan, trace), n_threads)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(process, signal.SIGKILL)
        status = _status_at_end(process)
        err = run.folder / "err"
        start = Start(
            os.waitstatus_to_exitcode(status),
            err.read_text("utf-8") if err.exists() else "",
            board.get("phase"),
            board.get("is_reading"),
            time.monotonic() - begin,
        )
        self._note(run, board.get("resumed"), board.get("saved"))
        return start

    def _note(self, run: Run, resumed: int, saved: int) -> None:
        """Where a start went on from, where it came so far, and what it has completed."""
        if resumed != NOT_YET:
            if resumed < run.saved:
                self.figures.lost += 1
                self.figures.wrong.append(
                    f"{run.folder}: from {resumed}, and {run.saved} was saved"
                )
            if resumed > 0:
                self.figures.resumed += run.n_kills
            else:
                self.figures.began_anew += run.n_kills
            run.n_kills = 0
        run.saved = max(run.saved, saved)

    def _child(self, run: Run, instruments: Instruments, n_threads: int) -> None:
        """The process: the command ``graphnet solve``, with instruments built in."""
        code = 70
        try:
            os.chdir(run.folder)
            for name, number in (("out", 1), ("err", 2)):
                with Path(name).open("w") as file:
                    os.dup2(file.fileno(), number)
            faulthandler.enable()  # where a process stands still
            if instruments.trace is not None:
                instruments.trace.begin(run.folder / "run")
            instruments.install()
            code = self._solve(n_threads)
            Path("events").write_text("\n".join(instruments.events), "utf-8")
            if instruments.trace is not None:
                instruments.trace.save(Path("trace"))
        except BaseException:  # noqa: BLE001  # whatever it is, it is a finding
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _solve(self, n_threads: int) -> int:
        """``graphnet solve``, or what is left of it once the net is there; the exit code."""
        if n_threads:
            net = str(self.folder / "net.yaml")
            options = ["--exp-dir", "run", "--quiet", "--offline", "--threads", str(n_threads)]
            return main(["solve", net, *options])
        shutil.copyfile(self.folder / "solver.yaml", "solver.yaml")  # exp_dir is beside it
        gn.solve(gn.load_solver("solver.yaml"), self._net, reporter=SilentReporter())
        return 0

    # --- kills --------------------------------------------------------------------------

    def kill_at_random(self, n: int) -> None:
        """Kill runs from outside at instants drawn uniformly, until there were ``n`` kills."""
        done = self.figures.kills[OUTSIDE].total() + n
        while self.figures.kills[OUTSIDE].total() < done:
            run = self._new_run()
            while self._is_killed(run, kill_after=self.chance.uniform(0, self.seconds)):
                pass
            self._compare(run)
            self._drop(run)

    def kill_at_events(self, n: int | None = None) -> None:
        """Have runs kill themselves at their events, every second time as a power cut would.

        Args:
            n: At so many, drawn from all; None: at each step of writing, and at some of the rest.
        """
        first = self.chance.randrange(2)
        plans = [
            Plan(event, (KILL, POWER_CUT)[(i + first) % 2], half)
            for i, event in enumerate(self._chosen(self.events))
            for half in _HALF[: 1 + event.startswith(("write", "flush", "read"))]
        ]
        if n is not None:
            chosen = self.chance.sample(range(len(plans)), min(n, len(plans)))
            plans = [plans[i] for i in sorted(chosen)]
        for plan in [p for p in plans if _iteration(p.event) is None]:
            self._sweep([plan], self._is_killed)
        plans = [p for p in plans if _iteration(p.event) is not None]
        while plans:
            plans = self._sweep(plans, self._is_killed)

    def cut_power(self, n: int) -> None:
        """Cut the power after steps drawn from those of a whole run, or of one that goes on.

        What the process did is known from its trace; nothing has to be run up to there again. What
        the disk keeps of the steps that are not yet safe is drawn for each.

        Args:
            n: How often.
        """
        source, since = self.whole, -1
        for _ in range(n):
            trace = Trace.load(source.folder / "trace", source.folder)
            at = self.chance.randrange(1, len(trace.steps) + 1)
            kept = self.chance.choice(KEPT)
            run = self._new_run()
            run.saved, run.n_kills = trace.saved(at, since), 1
            since = run.saved
            after_power_cut(trace, at, run.folder, kept, self.chance)
            self.figures.kills[REPLAYED][trace.steps[at - 1].phase] += 1
            what = f"power cut after step {at}, {kept} kept"
            self._look_for_damage(run, what)
            start = self.start(run)
            if start.code:
                self.figures.wrong.append(f"{what}: it could not go on ({start.code}): {start.err}")
            is_same = self._compare(run)
            if source is not self.whole:
                shutil.rmtree(source.folder)
            source = run
            if start.code or not is_same or self.chance.random() < 0.5:
                source, since = self.whole, -1
                self._drop(run)
        self._drop(source)

    def _chosen(self, events: list[str]) -> list[str]:
        """Each step of writing, and every tenth of what there is much of."""
        much = [event for event in events if event.startswith(_IMMATERIAL)]
        return [event for event in events if event not in much or much.index(event) % 10 == 5]

    def _is_killed(
        self, run: Run, plan: Plan | None = None, kill_after: float | None = None
    ) -> bool:
        """Whether a start was killed; if not, the run is finished."""
        start = self.start(run, plan, kill_after)
        if start.code == -signal.SIGKILL:
            way = OUTSIDE if plan is None else CUT if plan.act == POWER_CUT else INSIDE
            self.figures.kills[way][start.phase] += 1
            self.figures.while_reading += start.is_reading
            run.n_kills += 1
            self._look_for_damage(run, str(plan or "a kill at random"))
            return True
        if start.code:
            self.figures.wrong.append(f"it could not go on ({start.code}): {start.err.strip()}")
        return False

    # --- failures -----------------------------------------------------------------------

    def fail_at_events(self, n: int | None = None) -> None:
        """Have each step of writing fail by a full disk, a fault of it, a read-only folder.

        Args:
            n: Only so many of them.
        """
        steps = [e for e in self.events if not e.startswith(_IMMATERIAL)]
        steps = [e for e in steps if not e.startswith(("close lock", "truncate lock"))]
        plans = [Plan(event, code, half) for event in steps for code in ADVICE for half in _HALF]
        partly = ("write", "flush")  # what a full disk may do in part
        plans = [
            p for p in plans if not p.half or (p.act == errno.ENOSPC and p.event.startswith(partly))
        ]
        if n is not None:
            plans = [plans[i] for i in sorted(self.chance.sample(range(len(plans)), n))]
        while plans:
            plans = self._sweep(plans, self._is_failed)

    def _is_failed(self, run: Run, plan: Plan) -> bool:
        """Whether a start has failed as it should; if it has not failed, the run is finished."""
        start = self.start(run, plan)
        self._look_for_damage(run, str(plan))
        if not start.code:
            return False
        said = f"cannot be written: {os.strerror(int(plan.act))}\n  {ADVICE[int(plan.act)]}"
        if start.code == 1 and said in start.err and "Traceback" not in start.err:
            self.figures.failures[errno.errorcode[int(plan.act)]] += 1
        else:
            self.figures.wrong.append(f"{plan}: exit code {start.code}, {start.err.strip()}")
        return True

    # --- what became of them ------------------------------------------------------------

    def _sweep(self, plans: list[Plan], survives: Callable[..., bool]) -> list[Plan]:
        """One run through as many plans as it meets, and then to its end; those that are left.

        What happens at an iteration is met by a start that goes on from an earlier one.
        """
        run, left, last = self._new_run(), [], -2
        for i, plan in enumerate(plans):
            at = _iteration(plan.event) or 0
            if at <= last:
                left.append(plan)
            elif survives(run, plan):
                last = at
            else:
                self.figures.unmet += 1
                self.figures.unmet_events.append(f"{self.recipe}: {plan}")
                left += plans[i + 1 :]
                break
        while self._is_killed(run):
            pass
        self._compare(run)
        self._drop(run)
        return left

    def _new_run(self) -> Run:
        self.figures.runs += 1
        return Run(self.folder / f"run-{self.figures.runs}")

    def _look_for_damage(self, run: Run, after: str) -> None:
        """Every file under a final name is whole, and the newest is what was last completed."""
        folder = run.folder / "run"
        found = snapshots_in(folder)
        if run.saved >= 0 and max(found, default=-1) < run.saved:
            self.figures.lost += 1
            self.figures.wrong.append(f"{run.folder}: {after}: iteration {run.saved} is lost")
        best = folder / "snapshots" / "best.h5"
        for path in [*found.values(), *([best] if best.exists() else [])]:
            try:
                read(path)
            except SnapshotError as error:
                self.figures.damaged += 1
                self.figures.wrong.append(f"{after}: {error}")

    def _compare(self, run: Run) -> bool:
        """Whether the run has written the bytes of the one left alone, and nothing is left over."""
        whole, found = self.whole.folder / "run", run.folder / "run"
        different = [
            name
            for name in self.recipe.results
            if not (found / name).exists()
            or (found / name).read_bytes() != (whole / name).read_bytes()
        ]
        different += [path.name for path in found.rglob("*.unfinished")]
        if different:
            self.figures.different += 1
            self.figures.wrong.append(
                f"{self.recipe}, {run.folder.name}: not the same: {', '.join(different)}"
            )
        return not different

    def _drop(self, run: Run) -> None:
        """Make room."""
        if run is not self.whole:
            shutil.rmtree(run.folder, ignore_errors=True)


def _status_at_end(process: int) -> int:
    """What a process ended with; one that stands still is told to say where, and ends by that."""
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.004)
    os.kill(process, signal.SIGABRT)
    return os.waitpid(process, 0)[1]


def _iteration(event: str) -> int | None:
    """When it happens; None for what is counted from the start of a process."""
    found = re.search(r" at (-?\d+) \(", event)
    return int(found[1]) if found else None
