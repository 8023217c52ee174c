"""What breaks share that hear a statistic."""

from support.listening import hear

from graphnet.solver.coffee.listening import ListeningBreak
from graphnet.solver.request import Request


class Echo(ListeningBreak):
    """Asks to stop, for what it hears."""

    key = "loss"

    def hear(self, value, state):  # noqa: D102
        return Request(stop=f"{value} at {state.iter}")


def test_hears_each_value():
    """Whenever it is recorded, without a schedule."""
    break_ = Echo()
    assert not break_.needs_schedule
    assert break_.waits_for == ("key", "loss")
    found = hear(break_, "loss", [2.0, 1.0])
    assert [seen["request"].stop for seen in found] == ["2.0 at 0", "1.0 at 1"]
