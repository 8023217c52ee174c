"""The contract of a communicator, by the one of threads, and failing together."""

import numpy as np
import pytest
from support.thread_ranks import all_of, run_ranks

from graphnet.errors import DataError, RankError
from graphnet.parallel.communicator import LocalCommunicator, Parcel, together


def test_one_process_is_alone():
    """It hears what it says."""
    alone = LocalCommunicator()
    assert (alone.rank, alone.size, alone.is_launched) == (0, 1, False)
    assert alone.broadcast("a") == "a"
    assert alone.all_gather("a") == ["a"]
    assert alone.describe() == []
    alone.exchange([], [])
    alone.start_watching()
    alone.close()
    with pytest.raises(SystemExit, match="over"):
        alone.abort("over")


def test_messages():
    """Arrays arrive in order, values in that of the ranks."""

    def work(communicator):
        peers = [rank for rank in range(3) if rank != communicator.rank]
        sends = [Parcel(p, np.full(2, 10 * communicator.rank + i)) for p in peers for i in (0, 1)]
        receives = [Parcel(p, np.zeros(2, int)) for p in peers for _ in (0, 1)]
        communicator.exchange(sends, receives)
        found = [int(parcel.array[0]) for parcel in receives]
        return found, communicator.broadcast(communicator.rank), communicator.all_gather(found[0])

    results = all_of(3, work)
    assert [r[0] for r in results] == [[10, 11, 20, 21], [0, 1, 20, 21], [0, 1, 10, 11]]
    assert [r[1] for r in results] == [0, 0, 0]
    assert [r[2] for r in results] == [[10, 0, 0]] * 3


def test_together_all_succeed():
    """Each has its own result."""
    assert all_of(2, lambda c: together(c, lambda: c.rank)) == [0, 1]
    assert together(LocalCommunicator(), lambda: 5) == 5


@pytest.mark.parametrize("failing", [{0}, {1, 2}, {0, 1, 2}])
def test_together_one_fails(failing):
    """All fail: rank 0 says why, the others leave."""

    def work(communicator):
        def function():
            if communicator.rank in failing:
                raise DataError(f"no data {communicator.rank}")

        try:
            together(communicator, function)
        finally:
            assert communicator.is_closed

    first, *others = run_ranks(3, work)
    assert isinstance(first, DataError)
    assert str(first) == ("no data 0" if 0 in failing else "on rank 1 of 3: no data 1")
    assert [type(error) for error in others] == [SystemExit, SystemExit]


def test_alone_an_error_is_itself():
    """Nothing is added to it."""

    def function():
        raise DataError("no data")

    with pytest.raises(DataError, match=r"^no data$"):
        together(LocalCommunicator(), function)


def test_a_job_that_cannot_do_without_a_rank():
    """It says so; alone, all ranks there are agree."""
    job = LocalCommunicator()
    job.check()
    assert job.agree()
    with pytest.raises(RankError, match="cannot go on without it"):
        job.without_lost()
