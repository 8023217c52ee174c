"""Ranks that are lost before a run has begun."""

from support.elastic_threads import run_elastic

from graphnet.errors import LostRankError
from graphnet.parallel.starting_over import StartOverError, without_lost


def test_those_that_are_left():
    """They are joined, one more loss included, and go no further before all are there."""

    def work(communicator):
        if communicator.number == 1:
            communicator.die()
        try:
            communicator.all_gather(None)
        except LostRankError as lost:
            if communicator.number == 3:
                communicator.die()
            left = without_lost(communicator, lost)
            return left.size, left.all_gather(communicator.number)
        return None

    assert run_elastic(4, work) == {0: (2, [0, 2]), 1: None, 2: (2, [0, 2]), 3: None}


def test_a_communicator_that_is_there():
    """Ranks that had begun bring it along."""
    made = object()
    assert without_lost(object(), StartOverError(made)) is made
