"""Requests of coffee breaks."""

import pytest

from graphnet.errors import SpecError
from graphnet.solver.request import Request, requested


def test_two_in_one():
    """Nobody's request takes back another's; of two reasons to stop the first counts."""
    both = Request(best=True, stop="enough") | Request(snapshot=True, stop="too late")
    assert both == Request(snapshot=True, best=True, stop="enough")
    assert Request() | Request(restore_best=True) == Request(restore_best=True)


def test_what_a_hook_may_return():
    """A request, or nothing."""
    assert requested(None) == Request()
    assert requested(Request(snapshot=True)) == Request(snapshot=True)
    with pytest.raises(SpecError, match="expected a Request or nothing to be returned, found 3"):
        requested(3)
