"""What CI runs, as far as that can be seen without running it."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import subprocess
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


@pytest.mark.parametrize("n", [1, 2, 3])
def test_both_commands_are_run_as_they_stand(ci, n):
    """Each in a clone of its own, nothing before or behind it; every Python runs all tests."""
    there = [ci.Python("a", "3.11.7"), ci.Python("b", "3.12.1"), ci.Python("c", "3.13.0")]
    pythons = {1: there[:1], 2: there[::2], 3: there}[n]
    all_jobs = ci.first_jobs(pythons, Path("f"))
    jobs = [job for job in all_jobs if job.name in (ci.TRAIN, ci.TESTS)]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for job in jobs:
        assert f"```bash\n{job.script}\n```" in text
    assert len({job.clone for job in jobs}) == len(jobs)
    assert [job.python for job in jobs if job.name == ci.TRAIN] == pythons
    tested = [job.python for job in jobs if job.name == ci.TESTS]
    assert tested == {1: pythons, 2: pythons[::-1], 3: pythons[::-2]}[n]
    assert {*tested, all_jobs[0].python} == set(pythons)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_what_no_python_changes_is_left_out_with_the_oldest(ci, n):
    """By a marker that there is; never with the newest packages' only run, nor with the lowest."""
    there = [ci.Python("a", "3.11.7"), ci.Python("b", "3.12.1"), ci.Python("c", "3.13.0")]
    jobs = ci.first_jobs(there[:n], Path("f"))
    left_out = [(job.name, job.python) for job in jobs if job.options]
    assert left_out == ([(ci.TESTS, there[0])] if n > 1 else [])
    assert {job.options for job in jobs} <= {"", "-m 'not any_python'"}
    assert '"any_python: ' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_what_else_is_run(ci):
    """All tests with every extra and the lowest versions, which takes longest; lint once."""
    jobs = ci.first_jobs([ci.Python("a", "3.11.7"), ci.Python("b", "3.13.0")], Path("f"))
    assert jobs[0].script.endswith("-m pytest")
    assert all(extra in jobs[0].script for extra in ci.EXTRAS)
    assert "numpy==2.3" in jobs[0].script
    assert [job.script.count("ruff check .") for job in jobs].count(1) == 1
    (tutorials,) = [job for job in jobs if "docs/tutorials/*.md" in job.script]
    assert "-e ." not in tutorials.script  # the wheel, and not the clone
    assert "--installed" in tutorials.script


def test_what_they_leave(ci, tmp_path):
    """The rest of the README goes on in the clone of the first; what was skipped is run once."""
    pythons = [ci.Python("a", "3.11.7"), ci.Python("b", "3.13.0")]
    log = (
        "SKIPPED tests/a/test_x.py::test_y[a b - c] - Skipped: needs it\n"
        "SKIPPED tests/a/test_x.py::test_y[d] - Skipped: needs it\n"
        "SKIPPED tests/a/test_x.py::TestZ::test_z - Skipped: needs it\n"
        "SKIPPED tests/test_w.py - Skipped: needs it\n= 3 passed, 4 skipped in 1.00s =\n"
    )
    left = {}
    for job in ci.first_jobs(pythons, tmp_path):
        result = ci.Result(**CLEAN | {"clone": job.clone}, log=log)
        left |= dict.fromkeys(ci.next_jobs(pythons, tmp_path, job, result), job)
    rest, again = sorted(left, key=lambda job: job.name)
    assert "source .venv/bin/activate" in rest.script
    assert rest.clone == tmp_path / "train-3.11"
    assert again.python.version == "3.13.0"
    assert left[again].name == ci.TESTS
    (listed,) = tmp_path.iterdir()
    assert again.script.endswith(f"-m pytest @{listed}")
    assert listed.read_text().splitlines() == [
        "tests/a/test_x.py::TestZ::test_z",
        "tests/a/test_x.py::test_y",
        "tests/test_w.py",
    ]


def test_skipped_tests_are_listed_as_pytest_writes_them(ci, tmp_path):
    """By the option that jobs are given; a list is what pytest takes."""
    (tmp_path / "test_here.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('a', ['x - y'])\n"
        "@pytest.mark.skipif(True, reason='no')\n"
        "def test_a(a): pass\n"
        "@pytest.mark.parametrize('a', [])\n"
        "def test_b(a): pass\n"
        "def test_c(): pytest.skip()\n"
        "def test_d(): pass\n"
    )
    (tmp_path / "test_whole.py").write_text("import pytest\npytest.importorskip('nowhere')\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider"]
    env = os.environ | {"PYTEST_ADDOPTS": "--no-fold-skipped"}

    def run(*more):
        ran = subprocess.run(
            [*command, *more], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        return ran.stdout

    names = [*(f"test_here.py::test_{name}" for name in "abc"), "test_whole.py"]
    log = run()
    assert ci.skipped_tests(log) == names
    (tmp_path / "list.txt").write_text("\n".join(names))
    assert "1 passed" in log
    assert "passed" not in (again := run("@list.txt"))
    assert ci.skipped_tests(again) == names


def test_what_failed_is_said_once_more_at_the_end(ci, tmp_path):
    """Which tests, and why: whoever sees the end of CI's log alone knows where to look."""
    (tmp_path / "test_here.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('a', ['x - y'])\n"
        "def test_a(a): assert a == 'z'\n"
        "@pytest.fixture\n"
        "def broken(): raise OSError('no disk')\n"
        "def test_b(broken): pass\n"
        "def test_c(): print('FAILED of old')\n"
    )
    (tmp_path / "test_whole.py").write_text("import nowhere_at_all\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider"]
    env = os.environ | {"CI": "true"}

    def run(*names):
        ran = subprocess.run(
            [*command, *names], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        return ci.failures(ran.stdout)

    error, failed = run("test_here.py")
    assert failed.startswith("FAILED test_here.py::test_a[x - y] - AssertionError: assert 'x - y'")
    assert error == "ERROR test_here.py::test_b - OSError: no disk"
    (whole,) = run("test_whole.py")
    assert whole.startswith("ERROR test_whole.py")


def test_a_job_that_follows(ci, python, tmp_path, monkeypatch):
    """It begins when the one before is done, while others still run."""
    jobs = [ci.Job(str(i), python, f"echo {i}", tmp_path / str(i)) for i in range(4)]
    for job in jobs:
        job.clone.mkdir()
    monkeypatch.setattr(ci, "say", lambda _: None)
    results = ci.together(jobs[:3], lambda _, result: jobs[3:] if result.log == "1\n" else [])
    assert {job.name: result.log for job, result in results.items()} == {
        str(i): f"{i}\n" for i in range(4)
    }


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
        "echo [${PYTHONPATH-}${VIRTUAL_ENV-}]; head -1 README.md; python3 -V; cat; "
        "echo $PYTEST_ADDOPTS; false; echo on"
    )
    found = ci.run(script, python, tmp_path / "clone", "-m 'not this'")
    assert found.code == 1
    options = "--no-fold-skipped -m 'not this'"
    assert found.log.splitlines() == ["[]", "# graphnet", f"Python {python.version}", options]
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
