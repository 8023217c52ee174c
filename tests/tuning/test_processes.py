"""Processes of trials: how many at a time, what they answer, and that none is left behind."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from graphnet.tuning import processes
from graphnet.tuning.processes import OutOfBudgetError, TrialTask, run_tasks

#: A worker that does as the message says, and says when it was asked to stop.
WORKER = """\
import json, os, sys, time
message = json.loads(sys.stdin.readline())
if message["do"] == "answer":
    print("noise")
    print(json.dumps({"error": message.get("error", ""), "kind": message.get("kind", "")}))
elif message["do"] == "die":
    print("last words", file=sys.stderr)
    os._exit(7)
elif message["do"] == "wait":
    open(message["began"], "w").close()
    sys.stdin.read()
    open(message["stopped"], "w").close()
"""


@pytest.fixture(autouse=True)
def _worker(tmp_path, monkeypatch):
    (tmp_path / "trial_stand_in.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(processes, "WORKER", "trial_stand_in")


def task(tmp_path, number, **message):
    """One that the stand-in understands."""
    return TrialTask(number, message, tmp_path / f"{number}.log")


def test_answers(tmp_path):
    """The last line counts; one that ends without an answer is told with its log."""
    tasks = [
        task(tmp_path, 0, do="answer"),
        task(tmp_path, 1, do="answer", error="it diverged", kind="DivergedError"),
        task(tmp_path, 2, do="die"),
    ]
    found = {reply.number: reply for reply in run_tasks(tasks, 2)}
    assert (found[0].error, found[1].error) == ("", "it diverged")
    assert found[1].kind == "DivergedError"
    assert "exit code 7" in found[2].error
    assert "2.log" in found[2].error
    assert (tmp_path / "2.log").read_text() == "last words\n"


def test_the_budget_stops_all(tmp_path):
    """Each is asked to stop, and waited for."""
    names = [{"began": str(tmp_path / f"b{i}"), "stopped": str(tmp_path / f"s{i}")} for i in (0, 1)]
    tasks = [task(tmp_path, i, do="wait", **names[i]) for i in (0, 1)]
    with pytest.raises(OutOfBudgetError, match="the budget is used up"):
        list(run_tasks(tasks, 2, time.monotonic() + 2))
    assert (tmp_path / "s0").exists()
    assert (tmp_path / "s1").exists()


def test_the_caller_may_stop(tmp_path):
    """By leaving the loop, or by an error in it."""
    names = {"began": str(tmp_path / "b"), "stopped": str(tmp_path / "s")}
    tasks = [task(tmp_path, 0, do="wait", **names), task(tmp_path, 1, do="answer")]
    for reply in run_tasks(tasks, 2):
        assert reply.number == 1
        while not (tmp_path / "b").exists():
            time.sleep(0.01)
        break
    assert (tmp_path / "s").exists()


def test_they_end_with_the_process_that_started_them(tmp_path):
    """Also where that is killed."""
    program = (
        "import sys; from pathlib import Path; from graphnet.tuning import processes as p\n"
        "p.WORKER = 'trial_stand_in'\n"
        "m = {'do': 'wait', 'began': sys.argv[1], 'stopped': sys.argv[2]}\n"
        "list(p.run_tasks([p.TrialTask(0, m, Path(sys.argv[3]))], 1))\n"
    )
    began, stopped = tmp_path / "b", tmp_path / "s"
    arguments = [str(began), str(stopped), str(tmp_path / "log")]
    environment = {"PYTHONPATH": f"{tmp_path}:{processes.__file__.rsplit('/graphnet/', 1)[0]}"}
    with subprocess.Popen([sys.executable, "-c", program, *arguments], env=environment) as parent:
        deadline = time.monotonic() + 60
        while not began.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        parent.kill()
    while not stopped.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert stopped.exists()
