"""``python -m tests.parallel.kills --jobs 50``: jobs of which one rank is killed.

Each job is killed at a random instant, or while a snapshot is being written; it must then end
promptly, and end as if nothing had happened when it is solved again on another number of ranks.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.parallel.elastic_kills import ElasticCampaign
from tests.parallel.jobs import rank_processes, solve_job, start, write_job
from tests.parallel.recipe import results

LAST_ITER = 24
#: What must be the same in the end, byte for byte.
RESULTS = (f"snapshot-{LAST_ITER:06d}.h5", "best.h5", "statistics.jsonl")
RANKS = (1, 2, 4)
WITHIN_S = 10.0
_SLOW = "0.03"


@dataclass
class Figures:
    """What was counted.

    Attributes:
        kills: Of ranks.
        in_snapshot: Of these, while a file of a snapshot was being written.
        before_first: Of these, before the job had begun to train.
        ended_s: How long each job lived on after its kill.
        went_on: Times that a job went on from a snapshot.
        began_anew: Times that there was none.
        wrong: What was not as promised.
    """

    kills: int = 0
    in_snapshot: int = 0
    before_first: int = 0
    ended_s: list[float] = field(default_factory=list)
    went_on: int = 0
    began_anew: int = 0
    wrong: list[str] = field(default_factory=list)


class Campaign:
    """Kills jobs in a folder.

    Args:
        folder: An empty one.
        seed: Of what is left to chance.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder, self.figures = folder, Figures()
        self.chance = random.Random(seed)  # noqa: S311  # nobody guesses it
        breaks = [
            {"type": "TrainingSummary", "every_n_iter": 3},
            {"type": "ValidationPerformance", "every_n_iter": 5},
            {"type": "Plateau", "key": "accuracy", "patience": 1, "gamma": 0.5},
            {"type": "Snapshot", "every_n_iter": 2, "keep_last": 2, "keep_best": "accuracy"},
        ]
        write_job(folder, LAST_ITER, coffee_breaks=breaks, shards=4)
        alone = solve_job(0, folder, SLOW=_SLOW)
        if alone.code:
            raise RuntimeError(alone.err)
        self.whole = {name: results(folder / "run")[name] for name in RESULTS}
        shutil.rmtree(folder / "run")
        begin = time.monotonic()
        solve_job(4, folder, SLOW=_SLOW)
        self.seconds = time.monotonic() - begin
        shutil.rmtree(folder / "run")

    def job(self, number: int) -> None:
        """One job: killed once or twice, then solved to its end."""
        for i in range(self.chance.choice((1, 1, 2))):
            self._killed(f"job {number}, kill {i + 1}", number % 3 == 2)
        ranks = self.chance.choice(RANKS)
        last = solve_job(ranks, self.folder, SLOW=_SLOW)
        went_on = "going on from iteration" in last.out or "finished before" in last.out
        self.figures.went_on += went_on
        self.figures.began_anew += not went_on
        if last.code:
            self.figures.wrong.append(f"job {number}: exit code {last.code} on {ranks}: {last.err}")
        else:
            found = results(self.folder / "run")
            different = [name for name in RESULTS if found.get(name) != self.whole[name]]
            if different:
                self.figures.wrong.append(f"job {number}: other {', '.join(different)}")
        shutil.rmtree(self.folder / "run", ignore_errors=True)

    def _killed(self, what: str, in_snapshot: bool) -> None:
        ranks = self.chance.choice(RANKS[1:])
        process = start(ranks, self.folder, SLOW=_SLOW)
        victim = 0 if in_snapshot else self.chance.randrange(ranks)
        begin = time.monotonic()
        if in_snapshot:
            hit = self._wait_for_snapshot(process, self.chance.randrange(8))
        else:
            time.sleep(self.chance.uniform(0.4, 1.0) * self.seconds)
            hit = False
        found = rank_processes(process.pid)
        if victim not in found or process.poll() is not None:
            process.communicate()
            return  # it was too quick
        os.kill(found[victim], signal.SIGKILL)
        killed_at = time.monotonic()
        self.figures.kills += 1
        self.figures.in_snapshot += hit
        try:
            out, _ = process.communicate(timeout=6 * WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            self.figures.wrong.append(f"{what}: still there a minute after its rank {victim} died")
            return
        seconds = time.monotonic() - killed_at
        self.figures.ended_s.append(seconds)
        self.figures.before_first += "validation after iteration 0" not in out
        if seconds > WITHIN_S:
            self.figures.wrong.append(f"{what}: ended after {seconds:.1f} s")
        if not process.returncode:
            self.figures.wrong.append(f"{what}: exit code 0, {killed_at - begin:.1f} s after start")

    def _wait_for_snapshot(self, process: subprocess.Popen[str], skip: int) -> bool:
        """Wait for a half-written file; whether there is one."""
        snapshots, seen = self.folder / "run" / "snapshots", set[str]()
        while process.poll() is None:
            names = set()
            if snapshots.is_dir():
                names = {path.name for path in snapshots.glob("*.unfinished")}
            seen |= names
            if names and len(seen) > skip:
                return True
        return False


def _elastic(jobs: int, seed: int) -> int:
    """The campaign of elastic jobs."""
    with tempfile.TemporaryDirectory() as folder:
        campaign = ElasticCampaign(Path(folder) / "job", seed)
        for number in range(jobs):
            campaign.job(number)
            sys.stdout.write("\n".join(campaign.figures.lines()) + "\n\n")
            sys.stdout.flush()
    return 1 if campaign.figures.wrong else 0


def main() -> int:
    """Run it; 1 if something is not as promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.parallel.kills", description=__doc__)
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="of what is left to chance")
    parser.add_argument(
        "--elastic", action="store_true", help="ranks of elastic jobs, which go on without them"
    )
    options = parser.parse_args()
    if options.elastic:
        return _elastic(options.jobs, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder) / "job", options.seed)
        for number in range(options.jobs):
            campaign.job(number)
    figures = campaign.figures
    ended = sorted(figures.ended_s) or [0.0]
    lines = [
        f"jobs            {options.jobs:>5}  each compared with the run left alone",
        f"ranks killed    {figures.kills:>5}",
        f"  in a snapshot {figures.in_snapshot:>5}",
        f"  at the start  {figures.before_first:>5}",
        f"ended after     {ended[len(ended) // 2]:>5.1f}  s (median); {ended[-1]:.1f} s at most",
        f"went on         {figures.went_on:>5}",
        f"began anew      {figures.began_anew:>5}  there was no snapshot yet",
        *(f"WRONG: {what}" for what in figures.wrong),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
