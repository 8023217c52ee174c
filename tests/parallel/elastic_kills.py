"""Elastic jobs of which ranks are killed: they go on, and end as if nothing had happened.

``python -m tests.parallel.kills --elastic --jobs 200``. Each job of 2 to 4 ranks loses one or two
of them: at random instants, or where it hurts most.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.parallel.dying import DIED
from tests.parallel.elastic_jobs import WITHIN_S, start_elastic
from tests.parallel.jobs import rank_processes, solve_job, write_job
from tests.parallel.recipe import results

LAST_ITER = 24
RESULTS = (f"snapshot-{LAST_ITER:06d}.h5", "best.h5", "statistics.jsonl")
#: Where a rank is killed; it comes to a place so many times at most.
PLACES = {"forward": 40, "sum": 40, "validation": 5, "snapshot": 12}
INSTANT = "instant"
_SLOW = "0.02"
#: Seconds of training, in which the random instants lie.
_TRAINS_S = 4.0


@dataclass
class Figures:
    """What was counted.

    Attributes:
        jobs: How many were run.
        kills: Of ranks, by where they were killed.
        leaders: Of these, how many were rank 0 when the job was started.
        went_on: Jobs that lost a rank and went on without a restart.
        restarted: Jobs that had to be started again.
        untouched: Jobs that were over before a rank was killed.
        hung: Jobs that had not ended after so long that they were killed; they were restarted.
        different: Jobs that left other bytes than the run left alone.
        lost_s: Of each loss, from when it was heard of until training went on.
        wrong: What was not as promised.
    """

    jobs: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    leaders: int = 0
    went_on: int = 0
    restarted: int = 0
    untouched: int = 0
    hung: int = 0
    different: int = 0
    lost_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """As a table."""
        lost, hit = sorted(self.lost_s) or [0.0], self.went_on + self.restarted
        share = 100 * self.went_on / hit if hit else 0.0
        return [
            f"jobs            {self.jobs:>5}  each compared with the run left alone",
            f"ranks killed    {self.kills.total():>5}",
            *(f"  {place:<13} {n:>5}" for place, n in sorted(self.kills.items())),
            f"  once rank 0   {self.leaders:>5}",
            f"went on         {self.went_on:>5}  {share:.1f} % of the jobs that lost a rank",
            f"restarted       {self.restarted:>5}",
            f"untouched       {self.untouched:>5}  over before a rank was killed",
            f"went on after   {lost[len(lost) // 2]:>5.2f}  s (median); {lost[-1]:.2f} s at most",
            f"hung            {self.hung:>5}  ended by hand, and restarted",
            f"different       {self.different:>5}",
            *(f"WRONG: {what}" for what in self.wrong),
        ]


class ElasticCampaign:
    """Kills ranks of elastic jobs in a folder.

    Args:
        folder: An empty one.
        seed: Of what is left to chance.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder, self.figures, self._seed = folder, Figures(), seed
        breaks = [
            {"type": "TrainingSummary", "every_n_iter": 3},
            {"type": "ValidationPerformance", "every_n_iter": 5},
            {"type": "Plateau", "key": "accuracy", "patience": 1, "gamma": 0.5},
            {"type": "Snapshot", "every_n_iter": 2, "keep_last": 2, "keep_best": "accuracy"},
        ]
        write_job(folder, LAST_ITER, coffee_breaks=breaks, shards=4)
        alone = solve_job(0, folder)
        if alone.code:
            raise RuntimeError(alone.err)
        self.whole = {name: results(folder / "run")[name] for name in RESULTS}
        shutil.rmtree(folder / "run")

    def job(self, number: int) -> None:
        """One job, from its start to its end."""
        chance = random.Random(f"{self._seed}/{number}")  # noqa: S311  # nobody guesses it
        ranks, deaths = self._plan(chance, is_in_snapshot=number % 4 == 3)
        what = f"job {number} of {ranks} ranks, killed {deaths}"
        dies = [
            f"{victim}:{place}:{chance.randint(1, PLACES[place])}"
            for victim, place in deaths.items()
            if place != INSTANT
        ]
        process = start_elastic(ranks, self.folder, SLOW=_SLOW, DIE=",".join(dies))
        instants = [victim for victim, place in deaths.items() if place == INSTANT]
        died = self._kill(process, instants, chance)
        try:
            out, err = process.communicate(timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            self.figures.hung += 1
            self.figures.wrong.append(f"{what}: has not ended: {out}\n{err}")
        died |= self._died()
        self._count(what, {rank: deaths[rank] for rank in died}, process.returncode)
        found = results(self.folder / "run")
        different = [name for name in RESULTS if found.get(name) != self.whole[name]]
        self.figures.different += bool(different)
        if different:
            self.figures.wrong.append(f"{what}: other {', '.join(different)}: {out}\n{err}")
        shutil.rmtree(self.folder / "run", ignore_errors=True)

    def _plan(self, chance: random.Random, *, is_in_snapshot: bool) -> tuple[int, dict[int, str]]:
        """How many ranks, and where which of them is killed."""
        ranks = chance.choice((2, 3, 4))
        victims = chance.sample(range(ranks), chance.choice((1, 2)) if ranks > 2 else 1)
        deaths = {rank: chance.choice((INSTANT, INSTANT, *PLACES)) for rank in victims}
        if is_in_snapshot:  # rank 0 writes it
            deaths = {0: "snapshot"} if len(deaths) == 1 else {**deaths, 0: "snapshot"}
        return ranks, dict(list(deaths.items())[-(ranks - 1) :])

    def _count(self, what: str, died: dict[int, str], code: int) -> None:
        """Count a job that has ended; one that has not gone on is started again."""
        figures = self.figures
        figures.jobs += 1
        figures.kills.update(died.values())
        figures.leaders += 0 in died
        figures.lost_s += [float(loss["seconds"]) for loss in self._lost()]
        if code:
            figures.restarted += 1
            again = solve_job(1, self.folder)
            if again.code:
                figures.wrong.append(f"{what}: exit code {again.code} when restarted: {again.err}")
        elif died:
            figures.went_on += 1
        else:
            figures.untouched += 1

    def _kill(
        self, process: subprocess.Popen[str], victims: list[int], chance: random.Random
    ) -> set[int]:
        """Kill ranks at random instants of the training; which were there to be killed."""
        killed = set()
        record = self.folder / "run" / "run.json"
        while victims and not record.exists() and process.poll() is None:
            time.sleep(0.02)
        begin = time.monotonic()
        instants = sorted(chance.uniform(0, _TRAINS_S) for _ in victims)
        for victim, instant in zip(victims, instants, strict=True):
            time.sleep(max(0.0, begin + instant - time.monotonic()))
            found = rank_processes(process.pid)
            if victim in found and process.poll() is None:
                os.kill(found[victim], signal.SIGKILL)
                killed.add(victim)
        return killed

    def _died(self) -> set[int]:
        """Which ranks have killed themselves."""
        file = self.folder / DIED
        died = {int(line) for line in file.read_text().split()} if file.exists() else set()
        file.unlink(missing_ok=True)
        return died

    def _lost(self) -> list[dict[str, Any]]:
        """What ``run.json`` says of ranks that were lost."""
        try:
            record = json.loads((self.folder / "run" / "run.json").read_text())
        except (OSError, ValueError):
            return []
        return [loss for start in record["starts"] for loss in start.get("lost", [])]
