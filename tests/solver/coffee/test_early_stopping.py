"""EarlyStopping."""

import pytest
from support.fake_net import table
from support.listening import hear

from graphnet.solver.coffee.early_stopping import EarlyStopping
from graphnet.solver.request import Request


@pytest.mark.parametrize(
    ("keys", "values", "stops_at"),
    [
        ({"patience": 2}, [0.5, 0.6, 0.6, 0.7, 0.7, 0.7], 5),
        ({"patience": 1}, [0.5, 0.4], 1),
        ({"patience": 3}, [0.5, 0.4, 0.3, 0.6, 0.1], None),
        ({"patience": 2, "mode": "min"}, [0.5, 0.6, 0.7], 2),
        ({"key": "loss", "patience": 2, "mode": "max"}, [0.5, 0.4, 0.6, 0.5, 0.6], 4),
        ({"patience": 2, "min_delta": 0.1}, [0.5, 0.55, 0.59], 2),
        ({"patience": 2}, [0.5, float("nan"), float("nan")], 2),
    ],
)
def test_stops_after_patience_without_a_new_best(keys, values, stops_at):
    """Counted in values recorded, from the last best one."""
    break_ = EarlyStopping(**{"key": "accuracy"} | keys)
    states = hear(break_, break_.key, values)
    stopped = [i for i, state in enumerate(states) if state["request"]]
    assert stopped[:1] == ([] if stops_at is None else [stops_at])


def test_reason():
    """What, how often, and when it was best."""
    states = hear(EarlyStopping("accuracy", 2), "accuracy", [0.5, 0.6, 0.6, 0.6])
    assert states[-1]["request"] == Request(
        stop="'accuracy' has not got better 2 times in a row (best 0.6 at iteration 1)"
    )
    states = hear(EarlyStopping("accuracy", 2), "accuracy", [float("nan")] * 2)
    assert states[-1]["request"].stop == "'accuracy' was not a number 2 times in a row"


def test_goes_on_counting_after_a_snapshot():
    """And a run it has ended stays ended, unless it is given more patience."""
    first = EarlyStopping("accuracy", 3)
    hear(first, "accuracy", [0.5, 0.4, 0.4])
    for patience, values, is_stopped in ((3, [0.4], True), (3, [0.6], False), (2, [], True)):
        again = EarlyStopping("accuracy", patience)
        again.load_state_dict(first.state_dict())
        states = hear(again, "accuracy", values)
        assert bool(states[-1]["request"]) == is_stopped


def test_restores_the_best():
    """Once, where it ends the run; a run that stays ended has that behind it."""
    break_ = EarlyStopping("accuracy", 2, restore_best=True)
    states = hear(break_, "accuracy", [0.5, 0.4, 0.4])
    assert [s["request"].restore_best for s in states if s["request"]] == [True]
    again = EarlyStopping("accuracy", 2, restore_best=True)
    again.load_state_dict(break_.state_dict())
    net, state, lounge, _ = table()
    request = again.open(net, state, lounge)
    assert request.stop
    assert not request.restore_best


def test_needs_no_schedule():
    """It looks when the statistic is recorded."""
    assert not EarlyStopping("loss", 1).needs_schedule
