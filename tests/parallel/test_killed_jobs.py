"""What is counted of killed jobs, and how it is told."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.campaigns.figures import add
from tests.parallel import elastic_kills, kills
from tests.parallel.dying import DIED, phase_file
from tests.parallel.killed_jobs import (
    INSTANT,
    PLACES,
    Job,
    by_phase,
    in_tenths,
    median_and_most,
    phase_lines,
    phase_table,
)

COUNTED = {
    "jobs": 3,
    "kills": {"instant": {"between": 2}, "place": {"forward": 1, "between": 1}},
    "leaders": 1,
    "went_on": 2,
    "restarted": 1,
    "untouched": 0,
    "hung": 1,
    "different": 0,
    "lost_s": {"0.25": 2, "1.50": 1},
    "ended_s": {"0.1": 2, "2.5": 1},
    "began_anew": 1,
}


@pytest.fixture(name="job")
def _job(tmp_path):
    return Job(tmp_path, {}, random.Random(3))  # noqa: S311  # nobody guesses it


def test_deaths_are_where_they_can_be(job):
    """Rank 0 alone writes; each comes to a place that often; an instant is one of the training."""
    found = [death for _ in range(200) for death in job.deaths((0, 1))]
    assert {death.place for death in found if not death.rank} == {INSTANT, *PLACES}
    assert {death.place for death in found if death.rank} == {
        INSTANT,
        "forward",
        "sum",
        "validation",
    }
    for death in found:
        assert 0 <= death.when <= PLACES.get(death.place, 4.0)
    assert [death.place for death in job.deaths((1, 0), of_rank_0="file")][1] == "file"


def test_the_table_by_phase():
    """Both ways of being killed side by side, the most first."""
    assert list(by_phase(COUNTED)) == [("between", 2, 1), ("computing a shard", 0, 1)]
    assert phase_table(COUNTED)[2:] == ["| between | 2 | 1 |", "| computing a shard | 0 | 1 |"]
    assert phase_lines(COUNTED)[1].split() == ["between", "2", "1"]


def test_durations_add_up():
    """Their median and the longest are those of all."""
    figures = {}
    for seconds in (0.1, 0.1, 0.3, 5.0, 0.2):
        add(figures, {"s": in_tenths(seconds)})
    assert median_and_most(figures["s"]) == (0.2, 5.0)
    assert median_and_most({}) == (0.0, 0.0)


def test_the_figures_in_words():
    """Of both campaigns, as text and for the page."""
    said = "\n".join(elastic_kills.page(COUNTED))
    assert "**3 jobs, of which 3 lost a rank: 2 (66.7%) went on" in said
    assert "1.5 s after the loss" in " ".join(said.split())
    assert "went on             2  66.7%" in "\n".join(elastic_kills.report(COUNTED))
    said = " ".join("\n".join(kills.page(COUNTED)).split())
    assert "**3 jobs, 4 ranks killed:** the job ended after 0.1 s (median), 2.5 s at most" in said
    assert "began anew          1" in "\n".join(kills.report(COUNTED))


SLEEPER = "import time; print('begun', flush=True); time.sleep(100)"


def test_a_job_that_does_not_end_is_ended(job):
    """It counts as hung, with what it has said; who killed itself is known by its note."""

    def start(**environment):
        assert environment["DIE"] == "1:forward:2"
        (job.folder / DIED).write_text(f"1 {time.monotonic()}\n")
        return subprocess.Popen(
            [sys.executable, "-c", SLEEPER],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    deaths = [death._replace(place="forward", when=2) for death in job.deaths((1,))]
    begin = time.monotonic()
    outcome = job.run(start, deaths, 1.0)
    assert time.monotonic() - begin < 60
    assert (outcome.has_hung, outcome.died) == (True, {1})
    assert outcome.kills == {"place": {"forward": 1}, "instant": {}}
    assert "begun" in outcome.said
    assert outcome.code


def test_a_rank_notes_where_it_is(tmp_path):
    """What can be read when it has been killed at a place: that place, or between two of them."""
    program = (
        "import os, signal, sys\n"
        "from tests.parallel import dying\n"
        "phase = dying.Phase(dying.phase_file(dying.Path(), 2))\n"
        "if 'at' in sys.argv:\n"
        "    with phase.at('forward'):\n"
        "        with phase.at('sum'):\n"
        "            pass\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "if 'after' in sys.argv:\n"
        "    with phase.at('forward'):\n"
        "        pass\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = str(Path(__file__).parents[2])
    for where, noted in (("at", "forward"), ("after", "between"), ("before", "starting")):
        subprocess.run(
            [sys.executable, "-c", program, where],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": root},
            check=False,
        )
        assert phase_file(tmp_path, 2).read_text().strip() == noted
