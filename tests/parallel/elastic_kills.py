"""Elastic jobs of which ranks are killed: they go on, and end as if nothing had happened.

``python -m tests.parallel.kills --elastic``. Each job of 2 to 4 ranks loses one or two of them.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from functools import partial
from typing import Any

from tests.campaigns.figures import Figures
from tests.parallel.elastic_jobs import start_elastic
from tests.parallel.jobs import solve_job
from tests.parallel.killed_jobs import (
    WITHIN_S,
    Job,
    median_and_most,
    n_kills,
    phase_lines,
    phase_table,
)


def elastic_job(job: Job, number: int) -> Figures:
    """One job, from its start to its end; one that has not gone on is started again."""
    ranks = job.chance.choice((2, 3, 4))
    victims = job.chance.sample(range(ranks), job.chance.choice((1, 2)) if ranks > 2 else 1)
    in_snapshot = number % 4 == 3
    if in_snapshot and 0 not in victims:  # rank 0 writes it
        victims[0] = 0
    place = job.chance.choice(("snapshot", "file")) if in_snapshot else ""
    deaths = job.deaths(victims, of_rank_0=place)
    outcome = job.run(partial(start_elastic, ranks, job.folder), deaths, WITHIN_S)
    what = f"job {number} of {ranks} ranks, {deaths}"
    wrong = [f"{what}: has not ended: {outcome.said}"] if outcome.has_hung else []
    starts = _starts(job)
    lost = Counter(f"{loss['seconds']:.2f}" for start in starts for loss in start.get("lost", []))
    # mpiexec returns 0, too, when all ranks are lost
    has_finished = bool(starts) and starts[-1].get("outcome") == "finished" and not outcome.code
    if not has_finished:
        again = solve_job(0, job.folder, within=WITHIN_S)
        if again.code:
            wrong.append(f"{what}: exit code {again.code} when restarted: {again.err}")
    different = job.different()
    if different:
        wrong.append(f"{what}: other {', '.join(different)}: {outcome.said}")
    return {
        "jobs": 1,
        "kills": outcome.kills,
        "leaders": int(0 in outcome.died),
        "restarted": int(not has_finished),
        "went_on": int(bool(outcome.died) and has_finished),
        "untouched": int(not outcome.died and has_finished),
        "hung": int(outcome.has_hung),
        "different": int(bool(different)),
        "lost_s": dict(lost),
        "restarts": [] if has_finished else [f"{what}: {outcome.said}"],
        "wrong": wrong,
    }


def _starts(job: Job) -> list[dict[str, Any]]:
    """What ``run.json`` says of them."""
    try:
        starts: list[dict[str, Any]] = json.loads(
            (job.folder / "run" / "run.json").read_text("utf-8")
        )["starts"]
    except (OSError, ValueError):
        return []
    return starts


def report(figures: Figures) -> list[str]:
    """The figures in words."""
    median, most = median_and_most(figures["lost_s"])
    return [
        f"jobs            {figures['jobs']:>5}  each compared with the run left alone",
        f"ranks killed    {n_kills(figures):>5}",
        *phase_lines(figures),
        f"  once rank 0   {figures['leaders']:>5}",
        f"went on         {figures['went_on']:>5}  {_share(figures)} of those that lost a rank",
        f"restarted       {figures['restarted']:>5}",
        f"untouched       {figures['untouched']:>5}  over before a rank was killed",
        f"went on after   {median:>5.2f}  s (median); {most:.2f} s at most",
        f"hung            {figures['hung']:>5}  ended by hand, and restarted",
        f"different       {figures['different']:>5}",
    ]


def page(figures: Figures) -> list[str]:
    """The figures as Markdown."""
    median, most = median_and_most(figures["lost_s"])
    hit = figures["went_on"] + figures["restarted"]
    text = (
        f"**{figures['jobs']:,} jobs, of which {hit:,} lost a rank: {figures['went_on']:,}"
        f" ({_share(figures)}) went on without a restart, {figures['hung']} did not end by"
        f" themselves, {figures['different']} left other bytes than the run left alone.** The"
        f" others were over before a rank was killed. Of the {n_kills(figures):,} ranks killed"
        f" {figures['leaders']:,} were rank 0 when the job was started. Training went on"
        f" {median:.1f} s (median) and at most {most:.1f} s after the loss was heard of."
    )
    return [*textwrap.wrap(text, 100), "", *phase_table(figures)]


def _share(figures: Figures) -> str:
    hit = figures["went_on"] + figures["restarted"]
    return f"{figures['went_on'] / hit:.1%}" if hit else "–"
