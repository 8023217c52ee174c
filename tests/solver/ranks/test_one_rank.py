"""OneRank: nothing is waited for, and nothing is lost."""

from support.fake_net import FakeNet
from support.lines import Lines

from graphnet.solver.coffee.base import CoffeeBreak, Every
from graphnet.solver.coffee.schedule import Entry
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.ranks.one_rank import OneRank
from graphnet.solver.ranks.ranks_of import ranks_of
from graphnet.solver.run import Run
from graphnet.solver.signals import SignalWatch
from graphnet.solver.spec import SolverSpec


def make():
    entries = [Entry("b", CoffeeBreak(), (Every(3, "iter"),))]
    run = Run(SolverSpec(max_iter=9), FakeNet(), entries, CoffeeLounge(), Lines())
    signals = SignalWatch()
    return run, signals, ranks_of(run, signals, lambda: None)


def test_a_plain_net_has_one_rank():
    """Which does at once what is asked of rank 0."""
    *_, ranks = make()
    assert type(ranks) is OneRank
    assert ranks.on_rank_0(lambda: 5) == 5


def test_pauses():
    """Breaks that are due, and signals, whichever comes."""
    run, signals, ranks = make()
    due = []
    for run.state._iter in range(4):
        due.append(ranks.is_pause_due())
    assert due == [True, False, False, True]
    run.state._iter, signals.wants_snapshot = 4, True
    assert ranks.is_pause_due()
    assert [ranks.take_hangup(), ranks.take_hangup()] == [True, False]
    assert not ranks.is_pause_due()
    signals.stop = 15
    assert ranks.is_pause_due()
    assert ranks.stop == 15
