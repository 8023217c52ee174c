"""Elastic jobs of Open MPI: ranks die or fall silent, and the others go on to the same files."""

import json

import pytest

from tests.parallel.elastic_jobs import needs_ulfm, said_in, solve_elastic
from tests.parallel.jobs import last_results, solve_job

pytestmark = needs_ulfm


@pytest.mark.parametrize(
    ("ranks", "die", "lost"),
    [
        (3, "0:forward:9", 1),
        pytest.param(3, "1:forward:7", 1, marks=pytest.mark.slow),
        pytest.param(4, "1:sum:9,0:sum:13", 2, marks=pytest.mark.slow),
        pytest.param(3, "0:validation:2", 1, marks=pytest.mark.slow),
        pytest.param(3, "2:validation:2", 1, marks=pytest.mark.slow),
        pytest.param(3, "0:snapshot:2", 1, marks=pytest.mark.slow),
        pytest.param(3, "0:file:5", 1, marks=pytest.mark.slow),
        pytest.param(4, "0:forward:5,1:take over:1", 2, marks=pytest.mark.slow),
        pytest.param(3, "0:record:1", 1, marks=pytest.mark.slow),
        pytest.param(3, "SIGSTOP:1:forward:9", 1, marks=pytest.mark.slow),
        pytest.param(3, "SIGSTOP:0:forward:9", 1, marks=pytest.mark.slow),
    ],
)
def test_ranks_that_are_lost(job, ranks, die, lost):
    """The job ends well without a restart, and what has happened stands in run.json."""
    folder, whole = job
    ended = solve_elastic(ranks, folder, DIE=die, GRAPHNET_RANK_TIMEOUT="6")
    assert ended.code == 0, ended.err
    assert (folder / "died.txt").read_text().split()
    assert last_results(folder) == whole
    (start,) = json.loads((folder / "run" / "run.json").read_text())["starts"]
    assert start["outcome"] == "finished"
    assert sum(len(loss["ranks"]) for loss in start["lost"]) == lost
    assert start["lost"][-1]["left"] == ranks - lost
    assert "on from iteration" in said_in(ended)
    assert "\x1b" not in ended.out + ended.err, "mpiexec gives ranks a terminal: no bar moves in it"


@pytest.mark.slow
def test_a_rank_lost_while_the_job_starts(job):
    """The others start over, without a restart of the job."""
    folder, whole = job
    ended = solve_elastic(3, folder, DIE="1:alike:1")
    assert ended.code == 0, ended.err
    assert "a rank was lost before the run had begun; 2 ranks are left" in said_in(ended)
    assert last_results(folder) == whole


PROGRAM = """\
import graphnet as gn

net = gn.load_net("net.yaml", phase="train")
solver = gn.load_solver("solver.yaml")
gn.solve(solver, net, elastic=True)
net.close()
if {again}:
    again = gn.load_net("net.yaml", phase="train")
    gn.solve(gn.load_solver("solver.yaml"), again, fresh=True)
    again.close()
"""


@pytest.mark.parametrize(
    ("die", "lost"),
    [
        ("0:forward:9", 1),
        pytest.param("1:alike:1", 0, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_from_python(job, die, lost, again):
    """``gn.solve(…, elastic=True)`` goes on as the command does; a later run with who is left."""
    folder, whole = job
    (folder / "program.py").write_text(PROGRAM.format(again=again), "utf-8")
    ended = solve_elastic(3, folder, program="program.py", DIE=die)
    assert ended.code == 0, ended.err
    assert last_results(folder) == whole
    (start,) = json.loads((folder / "run" / "run.json").read_text())["starts"]
    assert start["outcome"] == "finished"
    assert sum(len(loss["ranks"]) for loss in start.get("lost", ())) == (0 if again else lost)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "ulfm", "die", "said"),
    [
        (["--min-ranks", "3"], True, "1:forward:9", "2 ranks are left of at least 3 (--min-ranks)"),
        ([], False, "1:forward:17", "--elastic has no effect: this job ends when it loses a rank"),
    ],
)
def test_a_job_that_cannot_go_on(job, arguments, ulfm, die, said):
    """It ends at once and says why; solved again it goes on from its snapshot."""
    folder, whole = job
    ended = solve_elastic(3 if ulfm else 2, folder, *arguments, ulfm=ulfm, DIE=die)
    assert ended.code
    assert said in said_in(ended)
    again = solve_job(0, folder, "--shards", "4")
    assert "going on from iteration 5" in again.out
    assert last_results(folder) == whole
