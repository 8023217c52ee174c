"""The campaigns of killed jobs, in short; ``python -m tests.parallel.kills`` is all of them."""

import sys

import pytest

from tests.campaigns.figures import add
from tests.parallel.elastic_jobs import needs_ulfm
from tests.parallel.jobs import needs_mpi
from tests.parallel.killed_jobs import n_kills
from tests.parallel.kills import campaign

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds the ranks in Linux's /proc"),
]


@pytest.mark.parametrize(
    ("is_elastic", "numbers"),
    [
        pytest.param(False, (0, 2), marks=needs_mpi),  # the second is killed while it saves
        pytest.param(True, (0, 3), marks=needs_ulfm),
    ],
)
def test_killed_jobs(tmp_path, is_elastic, numbers):
    """At a random instant and in a snapshot; the end is that of a run left alone."""
    short = campaign(2, 3, is_elastic=is_elastic)
    (tmp_path / "shared").mkdir()
    work = short.prepare(tmp_path / "shared")
    figures = {}
    for number in numbers:
        own = tmp_path / str(number)
        own.mkdir()
        add(figures, work(number, own))
    assert figures["wrong"] == []
    assert figures["jobs"] == 2
    assert n_kills(figures) > 0
    assert figures["different"] == 0
    assert sum(figures["kills"]["place"].values()) > 0
    assert short.report(figures)[0].startswith("jobs                2  each compared")
    assert short.page(figures)[0].startswith("**2 jobs, ")
