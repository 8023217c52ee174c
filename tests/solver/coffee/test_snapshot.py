"""Snapshot, the coffee break; what is written is tested in test_snapshots.py."""

import pytest
from support.fake_net import table

from graphnet.errors import SpecError
from graphnet.solver.coffee.snapshot import Snapshot
from graphnet.solver.request import Request


def opened(break_):
    net, state, lounge, _ = table()
    break_.open(net, state, lounge)
    return net, state, lounge


def record(table, iteration, **values):
    _, state, lounge = table
    state._iter = iteration
    lounge.start_iteration(iteration)
    for key, value in values.items():
        lounge.update_statistics(key, value)
    wanted = Request()
    for _, listener, value in lounge.due_listeners():
        wanted |= listener(value)
    return wanted.best


def test_asks_for_a_snapshot():
    """It is written when all breaks are done, so it only asks."""
    break_ = Snapshot()
    assert break_.enjoy(*opened(break_)) == Request(snapshot=True)


def test_asks_for_the_best_when_there_is_one():
    """At each new best value, and at no other."""
    table = opened(Snapshot(keep_best="accuracy"))
    assert [record(table, i, accuracy=v) for i, v in enumerate((0.5, 0.4, 0.6, 0.6))] == [
        True,
        False,
        True,
        False,
    ]
    assert not record(table, 4, loss=0.1)


def test_lower_is_better_for_losses():
    """And higher on request."""
    table = opened(Snapshot(keep_best="loss"))
    assert [record(table, i, loss=v) for i, v in enumerate((2.0, 1.0, 3.0))] == [
        True,
        True,
        False,
    ]
    table = opened(Snapshot(keep_best="loss", mode="max"))
    assert [record(table, i, loss=v) for i, v in enumerate((2.0, 1.0, 3.0))] == [
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
    assert not record(opened(again), 8, accuracy=0.4)
    assert Snapshot().state_dict() == {}


def test_needs_a_schedule_unless_it_keeps_the_best():
    """Otherwise it would never do anything."""
    assert Snapshot(keep_last=3).needs_schedule
    assert not Snapshot(keep_best="loss").needs_schedule


def test_direction_must_be_known():
    """When the break is made, not at the first validation."""
    with pytest.raises(SpecError, match="say so: mode: max, or mode: min"):
        Snapshot(keep_best="score")
