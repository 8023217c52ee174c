"""The job that the tests of real ranks share: a folder with a run, and what it leaves alone."""

import shutil

import pytest

from tests.parallel.jobs import last_results, solve_job, write_job


@pytest.fixture(name="whole_job", scope="session")
def _whole_job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks") / "job"
    write_job(folder)
    ended = solve_job(0, folder, "--shards", "4")
    assert ended.code == 0, ended.err
    return folder, last_results(folder)


@pytest.fixture
def job(whole_job):
    """The folder, in which no run has begun, and the files it leaves in one process."""
    folder, whole = whole_job
    shutil.rmtree(folder / "run", ignore_errors=True)
    (folder / "died.txt").unlink(missing_ok=True)
    return folder, whole
