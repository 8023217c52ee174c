"""Snapshot, the coffee break; what is written is tested with the keeper."""

from pathlib import Path

import pytest
from support.fake_net import FakeNet, Lines

from graphnet.errors import SpecError
from graphnet.solver.coffee.snapshot import Snapshot
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState


def opened(break_):
    net, state, lounge = FakeNet(), SolverState(), CoffeeLounge(Lines())
    lounge._folder = Path("run")
    break_.open(net, state, lounge)
    return net, state, lounge


def record(table, iteration, **values):
    _, state, lounge = table
    state._iter = iteration
    lounge.have_wishes_met()
    lounge.start_iteration(iteration)
    for key, value in values.items():
        lounge.update_statistics(key, value)
    for _, listener, value in lounge.due_listeners():
        listener(value)
    return lounge.wants_snapshot, lounge.wants_best


def test_asks_for_a_snapshot():
    """It is written when all breaks are done, so it only asks."""
    break_ = Snapshot()
    table = opened(break_)
    break_.enjoy(*table)
    assert (table[2].wants_snapshot, table[2].wants_best) == (True, False)


def test_asks_for_the_best_when_there_is_one():
    """At each new best value, and at no other."""
    table = opened(Snapshot(keep_best="accuracy"))
    assert [record(table, i, accuracy=v) for i, v in enumerate((0.5, 0.4, 0.6, 0.6))] == [
        (True, True),
        (False, False),
        (True, True),
        (False, False),
    ]
    assert record(table, 4, loss=0.1) == (False, False)


def test_lower_is_better_for_losses():
    """And higher on request."""
    table = opened(Snapshot(keep_best="loss"))
    assert [record(table, i, loss=v)[1] for i, v in enumerate((2.0, 1.0, 3.0))] == [
        True,
        True,
        False,
    ]
    table = opened(Snapshot(keep_best="loss", mode="max"))
    assert [record(table, i, loss=v)[1] for i, v in enumerate((2.0, 1.0, 3.0))] == [
        True,
        False,
        True,
    ]


def test_best_is_remembered():
    """A run that goes on does not take a worse one for the best."""
    break_ = Snapshot(keep_best="accuracy")
    record(opened(break_), 7, accuracy=0.5)
    again = Snapshot(keep_best="accuracy")
    again.load_state_dict(break_.state_dict())
    assert (again.best.value, again.best.iter) == (0.5, 7)
    assert record(opened(again), 8, accuracy=0.4) == (False, False)
    assert Snapshot().state_dict() == {}


def test_needs_a_place():
    """A run without a directory has nowhere to put it."""
    with pytest.raises(SpecError, match=r"a Snapshot needs a place\n  give the solver an exp_dir"):
        Snapshot().open(FakeNet(), SolverState(), CoffeeLounge(Lines()))


def test_needs_a_schedule_unless_it_keeps_the_best():
    """Otherwise it would never do anything."""
    assert Snapshot(keep_last=3).needs_schedule
    assert not Snapshot(keep_best="loss").needs_schedule


def test_direction_must_be_known():
    """When the break is made, not at the first validation."""
    with pytest.raises(SpecError, match="say so: mode: max, or mode: min"):
        Snapshot(keep_best="score")
