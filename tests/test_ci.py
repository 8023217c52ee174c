"""What CI runs, as far as that can be seen without running it."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
from pathlib import Path
from threading import Event

import pytest

ROOT = Path(__file__).parent.parent
in_clone = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="needs git, and a clone"
)
CLEAN = {"code": 0, "seconds": 1.0, "clone": Path("clone"), "numpy": "2.0.0", "megabytes": 1}


@pytest.fixture(scope="module")
def ci():
    """The modules ``checks`` and ``jobs`` of CI."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / ".ci")
        yield importlib.import_module("checks")


@pytest.fixture(scope="module")
def python(ci):
    """This one."""
    found = ci.find_python(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert found is not None
    return found


def test_both_commands_are_run_as_they_stand_with_every_python(ci):
    """Each in a clone of its own; nothing is put before or behind them."""
    pythons = [ci.Python("a", "3.11.7"), ci.Python("b", "3.13.0")]
    jobs = ci.readme_jobs(pythons, Path("f"))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for job in jobs:
        assert f"```bash\n{job.script}\n```" in text
    assert len({job.clone for job in jobs}) == len(jobs) == 4
    assert {job.python for job in jobs} == set(pythons)


def test_what_they_leave(ci):
    """The rest of the README goes on in the clone of the first; what was skipped is run."""
    first = {}
    for job in ci.readme_jobs([ci.Python("a", "3.11.7"), ci.Python("b", "3.13.0")], Path("f")):
        log = "SKIPPED [2] tests/a/test_x.py:12: needs it\n= 3 passed, 2 skipped in 1.00s =\n"
        first[job] = ci.Result(**CLEAN | {"clone": job.clone}, log=log)
    jobs = list(ci.other_jobs(Path("f"), first))
    again = [job for job in jobs if job.script.endswith("-m pytest tests/a/test_x.py")]
    assert {job.python.version for job in again} == {"3.11.7", "3.13.0"}
    (rest,) = [job for job in jobs if "source .venv/bin/activate" in job.script]
    assert rest.clone == Path("f/train-3.11")
    assert [job.script.count("ruff check .") for job in jobs].count(1) == 1
    (tutorials,) = [job for job in jobs if "docs/tutorials/*.md" in job.script]
    assert "-e ." not in tutorials.script  # the wheel, and not the clone
    assert "--installed" in tutorials.script


def test_the_lowest_versions_are_those_declared(ci):
    """Each dependency and extra that has a lower bound is held to it."""
    found = ci.lowest((ROOT / "pyproject.toml").read_text())
    assert "numpy==2.3" in found
    assert all("==" in line and ">" not in line and "," not in line for line in found)


def test_a_python_that_is_not_there_is_named(ci, capsys):
    """And left out."""
    assert ci.told("3.1") is None
    assert capsys.readouterr().out == "! no Python 3.1: left out\n"


@in_clone
def test_a_job_is_run_in_a_clone_with_nothing_of_this_environment(
    ci, python, tmp_path, monkeypatch
):
    """Neither its variables nor its programs; a script ends at what fails."""
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    script = (
        "echo [${PYTHONPATH-}${VIRTUAL_ENV-}]; head -1 README.md; python3 -V; cat; false; echo on"
    )
    found = ci.run(script, python, tmp_path / "clone")
    assert found.code == 1
    assert found.log.splitlines() == ["[]", "# graphnet", f"Python {python.version}"]
    assert (found.numpy, found.megabytes) == ("none", 0)


@in_clone
def test_a_job_that_hangs_is_stopped_with_all_it_has_started(ci, python, tmp_path, monkeypatch):
    """It fails, and says why."""
    monkeypatch.setattr(sys.modules["jobs"], "MOST_SECONDS", 0.5)
    found = ci.run("echo before; sleep 600 & wait", python, tmp_path / "clone")
    assert found.code == -signal.SIGKILL
    assert found.log == "before\n\nnot finished after 0.5 s: stopped\n"


def test_the_last_line_counts_the_tests_of_all_runs(ci):
    """What fails without pytest having counted it is a failure too."""
    logs = ["= 3 passed, 2 skipped in 1.00s =", "== 1 failed, 4 passed in 2.00s (0:00:02) ==", "no"]
    results = [ci.Result(**CLEAN | {"code": i}, log=f"…\n{log}\n") for i, log in enumerate(logs)]
    job = ci.Job("name", ci.Python("a", "3.11.7"), "script", Path("clone"))
    others = ci.other_failures({job._replace(name=str(i)): r for i, r in enumerate(results)})
    assert others == 1
    assert ci.closing_line(results, 3.0, others) == (
        "===== 2 failed, 7 passed, 2 skipped in 3.00s ====="
    )


def test_it_can_be_started():
    """By the command that CONTRIBUTING names."""
    assert os.access(ROOT / ".ci/run", os.R_OK)
    assert "bash .ci/run" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@in_clone
def test_where_it_is_told_to_end_so_are_the_jobs(ci, python, tmp_path, monkeypatch):
    """Those that go on are stopped, and those that would be next."""
    jobs = [ci.Job(str(i), python, "sleep 600", tmp_path / str(i)) for i in range(9)]
    jobs[0] = jobs[0]._replace(script="true")
    monkeypatch.setattr(sys.modules["jobs"], "_stopping", Event())
    monkeypatch.setattr(ci, "say", lambda _: sys.exit(143))
    with pytest.raises(SystemExit, match="143"):
        ci.together(jobs)
