"""Which breaks have a guard."""

from graphnet.solver.coffee.base import Every
from graphnet.solver.coffee.divergence_guard import DivergenceGuard
from graphnet.solver.coffee.guarded import guarded, has
from graphnet.solver.coffee.schedule import Entry
from graphnet.solver.coffee.snapshot import Snapshot
from graphnet.solver.coffee.spike_guard import SpikeGuard


def entry(break_):
    return Entry(type(break_).__name__, break_, (Every(5, "iter"),))


def test_breaks_without_a_guard_get_one():
    """It comes first."""
    own = [entry(Snapshot())]
    first, *rest = guarded(own)
    assert isinstance(first.coffee_break, DivergenceGuard)
    assert first.whens == (Every(100, "iter"),)
    assert rest == own


def test_a_guard_of_their_own_is_enough():
    """Of either kind."""
    for guard in (DivergenceGuard(), SpikeGuard()):
        own = [entry(Snapshot()), entry(guard)]
        assert guarded(own) == own


def test_has():
    """One of the kinds."""
    own = [entry(Snapshot())]
    assert has(own, Snapshot)
    assert has(own, SpikeGuard, Snapshot)
    assert not has(own, SpikeGuard)
    assert not has([], Snapshot)
