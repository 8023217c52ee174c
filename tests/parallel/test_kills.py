"""The campaign of killed jobs, in short; ``python -m tests.parallel.kills`` is all of it."""

import sys

import pytest

from tests.parallel.jobs import needs_mpi
from tests.parallel.kills import Campaign

pytestmark = [
    needs_mpi,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds the ranks in Linux's /proc"),
]


def test_killed_jobs_end_and_go_on(tmp_path):
    """At a random instant and in the middle of a snapshot; the end is that of a run left alone."""
    campaign = Campaign(tmp_path / "job", seed=3)
    for number in (0, 2):  # the second is killed while it saves
        campaign.job(number)
    assert campaign.figures.wrong == []
    assert campaign.figures.kills > 0
