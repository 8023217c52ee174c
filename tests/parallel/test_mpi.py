"""Jobs that mpiexec has started: the same bits, prompt ends, and going on afterwards."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.parallel.jobs import (
    MPIEXEC,
    end,
    last_results,
    needs_mpi,
    rank_processes,
    run_job,
    solve_job,
    start,
)

pytestmark = needs_mpi


def assert_goes_on(job, ranks):
    """Solved again, the run ends as if nothing had happened."""
    folder, whole = job
    ended = solve_job(ranks, folder)
    assert ended.code == 0, ended.err
    assert "going on from iteration 5" in ended.out
    assert last_results(folder) == whole


@pytest.mark.parametrize("ranks", [pytest.param(1, marks=pytest.mark.slow), 2, 4])
def test_ranks_change_nothing(job, ranks):
    """Each leaves the files of one process; rank 0 alone speaks."""
    folder, whole = job
    ended = solve_job(ranks, folder)
    assert (ended.code, ended.err) == (0, "")
    assert last_results(folder) == whole
    assert ended.out.count("finished at iteration 12") == 1
    assert "shards    4 of 4 rows" in ended.out
    assert ended.out.count(": process ") == ranks


@pytest.mark.parametrize(
    ("how", "rank", "said", "after"),
    [
        ("raise", 2, "rank 2 of 4: Traceback", 2),
        ("SIGKILL", 2, "", 1),
        pytest.param("SIGSTOP", 2, "rank 2 of 4 (process ", 4, marks=pytest.mark.slow),
        pytest.param("raise", 0, "rank 0 of 4: Traceback", 2, marks=pytest.mark.slow),
        pytest.param("SIGKILL", 0, "", 2, marks=pytest.mark.slow),
        pytest.param("SIGSTOP", 0, "rank 0 of 4 (process ", 2, marks=pytest.mark.slow),
        pytest.param("exit", 1, "", 2, marks=pytest.mark.slow),
        pytest.param(
            "sys.exit", 1, "rank 1 of 4: sys.exit(3) was called", 2, marks=pytest.mark.slow
        ),
        pytest.param("hang", 3, "rank 3 of 4 (process ", 2, marks=pytest.mark.slow),
    ],
)
def test_a_rank_that_is_lost(job, how, rank, said, after):
    """It ends the job, which says which one it was and goes on when it is solved again."""
    ended = solve_job(
        4,
        job[0],
        MISBEHAVE=how,
        ON_RANK=str(rank),
        GRAPHNET_RANK_TIMEOUT="3" if how == "SIGSTOP" else "30",
        GRAPHNET_STALL_TIMEOUT="2" if how == "hang" else "60",
    )
    assert said in ended.err
    if how in ("raise", "SIGSTOP"):
        assert ended.code == 1
        assert "solve again to go on from its" in ended.err
        assert ended.err.count("the job ends") == 1 or rank == 0
    record = (job[0] / "run" / "run.json").read_text()
    assert '"outcome": "finished"' not in record
    assert_goes_on(job, after)


@pytest.mark.skipif(not Path("/proc").exists(), reason="finds the ranks in Linux's /proc")
@pytest.mark.parametrize(
    ("who", "number", "code"),
    [
        pytest.param("mpiexec", signal.SIGTERM, 143, marks=pytest.mark.slow),
        (1, signal.SIGINT, 130),
    ],
)
def test_a_signal(job, who, number, code):
    """To the launcher or to any rank: all stop after the same iteration, and it is saved."""
    folder, whole = job
    process = start(2, folder, SLOW="0.05")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("iter      6"):
            break
    os.kill(process.pid if who == "mpiexec" else rank_processes(process.pid)[who], number)
    ended = end(process)
    assert ended.code == code
    assert f"stopped by {number.name}; saved run/snapshots/snapshot-0000" in ended.err
    assert solve_job(4, folder).code == 0
    assert last_results(folder) == whole


def test_mistakes_are_said_once(job):
    """By rank 0, and the job ends."""
    folder, _ = job
    ended = solve_job(2, folder, "--set", "max_itre=3")
    assert ended.code == 1
    assert ended.err.count("unknown key 'max_itre'") == 1, ended.err
    ended = solve_job(3, folder)
    assert ended.code == 1
    assert ended.err.count("shards: 4 cannot be shared out equally to 3 ranks") == 1


def test_elastic_where_mpi_cannot_do_it(job):
    """It is said, and the job is one like any other."""
    folder, whole = job
    ended = solve_job(2, folder, "--elastic")
    assert ended.code == 0, ended.err
    assert ended.err.count("--elastic has no effect: this job ends when it loses a rank") == 1
    assert last_results(folder) == whole
    ended = solve_job(2, folder, "--min-ranks", "2")
    assert ended.code == 1
    assert ended.err.count("--min-ranks says how few may be left with --elastic") == 1


def test_other_commands_are_for_one_process(job):
    """They would do everything as often as there are ranks."""
    ended = run_job(2, job[0], "check", "net.yaml")
    assert ended.code == 1
    assert ended.err.count("'graphnet check' is for one process") == 1
    assert run_job(1, job[0], "check", "net.yaml").code == 0


def test_a_script(job):
    """From Python it is the same call on every rank."""
    folder, _ = job
    (folder / "script.py").write_text(
        "import graphnet as gn\n"
        "net = gn.load_net('net.yaml')\n"
        "solver = gn.Solver(gn.SolverSpec(max_iter=3))\n"
        "state = gn.solve(solver, net)\n"
        "state = gn.solve(gn.Solver(gn.SolverSpec(max_iter=4)), net)\n"
        "open(f'obj_val-{net.store.data.sum()}', 'a').write(f'{state.iter} {state.obj_val}\\n')\n"
    )
    command = [str(MPIEXEC), "-n", "2", sys.executable, "script.py"]
    ended = end(start(0, folder, command=command))
    assert ended.code == 0, ended.err
    (found,) = folder.glob("obj_val-*")
    first, second = found.read_text().splitlines()
    assert first == second
    assert first.startswith("4 ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("raise RuntimeError('mine')", "rank 1 of 2: Traceback"),
        ("raise SystemExit(0)", "rank 1 of 2 has left in the middle of a run"),
    ],
)
def test_a_script_that_fails_on_one_rank(job, how, said):
    """The others do not wait for it."""
    folder, _ = job
    (folder / "failing.py").write_text(
        "import graphnet as gn\n"
        "from graphnet.parallel.launch import current\n"
        "net = gn.load_net('net.yaml')\n"
        f"if current().rank == 1:\n    {how}\n"
        "gn.solve(gn.Solver(gn.SolverSpec(max_iter=3)), net)\n"
    )
    command = [str(MPIEXEC), "-n", "2", sys.executable, "failing.py"]
    ended = end(start(0, folder, command=command))
    assert ended.code == 1
    assert said in ended.err
