"""A sink is finished or discarded."""

from __future__ import annotations

import pytest

from graphnet.inference.sinks.sink import Sink


class Noting(Sink):
    """Notes what is done to it."""

    def __init__(self):
        self.done = []

    def write(self, predicted):
        """Note it."""
        self.done.append(predicted)

    def finish(self):
        """Note it."""
        super().finish()
        self.done.append("finished")

    def discard(self):
        """Note it."""
        super().discard()
        self.done.append("discarded")


def test_the_end_of_a_sink():
    """It is finished if the block ends, and discarded in any case, which then does nothing."""
    with Noting() as sink:
        sink.write(1)
    assert sink.done == [1, "finished", "discarded"]
    sink = Noting()
    with pytest.raises(KeyError, match="x"), sink:
        raise KeyError("x")
    assert sink.done == ["discarded"]
