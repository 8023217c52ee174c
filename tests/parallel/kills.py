"""``python -m tests.parallel.kills``: jobs of which ranks are killed, and what became of them.

Each job must end promptly when one of its ranks is killed, and end as if nothing had happened when
it is solved again on another number of ranks. ``--elastic``: it goes on with the other ranks.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from functools import partial
from typing import Any

from tests.campaigns.command import add_options, run
from tests.campaigns.figures import Figures, add
from tests.parallel import elastic_kills
from tests.parallel.jobs import MPIEXEC, solve_job, start
from tests.parallel.killed_jobs import (
    SLOW,
    WITHIN_S,
    Job,
    KilledJobs,
    in_tenths,
    median_and_most,
    n_kills,
    phase_lines,
    phase_table,
)

RUNS = 200
RANKS = (1, 2, 4)
#: Seconds in which a job ends when a rank of it is killed, and until it is ended.
PROMPT_S, MOST_S = 10.0, 120.0


def killed_job(job: Job, number: int) -> Figures:
    """One job: killed once or twice, then solved to its end."""
    figures: Figures = {"jobs": 1, "kills": {}, "ended_s": {}, "wrong": []}
    for i in range(job.chance.choice((1, 1, 2))):
        add(figures, _killed(job, f"job {number}, kill {i + 1}", is_in_snapshot=number % 3 == 2))
    ranks = job.chance.choice(RANKS)
    last = solve_job(ranks, job.folder, within=WITHIN_S, SLOW=SLOW)
    went_on = "going on from iteration" in last.out or "finished before" in last.out
    different = job.different()
    if last.code:
        figures["wrong"].append(f"job {number}: exit code {last.code} on {ranks}: {last.err}")
    elif different:
        figures["wrong"].append(f"job {number}: other {', '.join(different)}")
    ends = {"went_on": went_on, "began_anew": not went_on, "different": bool(different)}
    return figures | {name: int(value) for name, value in ends.items()}


def _killed(job: Job, what: str, *, is_in_snapshot: bool) -> Figures:
    """One start of which a rank is killed."""
    ranks = job.chance.choice(RANKS[1:])
    victim = 0 if is_in_snapshot else job.chance.randrange(ranks)
    place = job.chance.choice(("snapshot", "file")) if is_in_snapshot else ""
    deaths = job.deaths([victim], of_rank_0=place)
    outcome = job.run(partial(_start, ranks, job), deaths, MOST_S)
    wrong = []
    if outcome.has_hung:
        wrong.append(f"{what}, {deaths}: has not ended: {outcome.said}")
    elif outcome.died and outcome.after_s > PROMPT_S:
        wrong.append(f"{what}, {deaths}: ended after {outcome.after_s:.1f} s")
    if outcome.died and not outcome.code:
        wrong.append(f"{what}, {deaths}: exit code 0")
    ended = in_tenths(outcome.after_s) if outcome.died else {}
    return {"kills": outcome.kills, "ended_s": ended, "wrong": wrong}


def _start(ranks: int, job: Job, **environment: str) -> Any:
    program = [sys.executable, "-m", "tests.parallel.dying", "solve", "net.yaml"]
    command = [str(MPIEXEC), "-n", str(ranks), *program]
    return start(ranks, job.folder, command=command, **environment)


def report(figures: Figures) -> list[str]:
    """The figures in words."""
    median, most = median_and_most(figures["ended_s"])
    return [
        f"jobs            {figures['jobs']:>5}  each compared with the run left alone",
        f"ranks killed    {n_kills(figures):>5}",
        *phase_lines(figures),
        f"ended after     {median:>5.1f}  s (median); {most:.1f} s at most",
        f"went on         {figures['went_on']:>5}",
        f"began anew      {figures['began_anew']:>5}  there was no snapshot yet",
        f"different       {figures['different']:>5}",
    ]


def page(figures: Figures) -> list[str]:
    """The figures as Markdown."""
    median, most = median_and_most(figures["ended_s"])
    text = (
        f"**{figures['jobs']:,} jobs, {n_kills(figures):,} ranks killed:** the job ended after"
        f" {median:.1f} s (median), {most:.1f} s at most; {figures['went_on']:,} went on from a"
        f" snapshot, {figures['began_anew']:,} began anew, as there was none yet;"
        f" **{figures['different']} left other bytes than the run left alone**."
    )
    return [*textwrap.wrap(text, 100), "", *phase_table(figures)]


def campaign(runs: int, seed: int, *, is_elastic: bool) -> KilledJobs:
    """One of the two."""
    if is_elastic:
        own = elastic_kills
        return KilledJobs("elastic", runs, seed, own.elastic_job, own.report, own.page)
    return KilledJobs("kills", runs, seed, killed_job, report, page)


def main() -> int:
    """Run it; 1 if something is not as promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.parallel.kills", description=__doc__)
    add_options(parser)
    parser.set_defaults(jobs=1)  # each has several ranks
    parser.add_argument("--runs", type=int, default=RUNS, help=f"jobs of MPI (default {RUNS})")
    parser.add_argument(
        "--elastic", action="store_true", help="ranks of elastic jobs, which go on without them"
    )
    options = parser.parse_args()
    return run(campaign(options.runs, options.seed, is_elastic=options.elastic), options)


if __name__ == "__main__":
    sys.exit(main())
