"""DecayOnValidation."""

import pytest
from support.listening import hear

from graphnet.solver.coffee.decay_on_validation import DecayOnValidation
from graphnet.solver.request import Request


def scales(break_, values, **keywords):
    return [state["lr_scale"] for state in hear(break_, break_.key, values, **keywords)]


def test_lowers_the_rate_when_worse_than_the_time_before():
    """Compared with the last value, not with the best; equal is not worse."""
    values = [0.5, 0.4, 0.45, 0.45, 0.3, 0.9]
    expected = [1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert scales(DecayOnValidation("accuracy"), values) == expected


def test_gamma_and_mode():
    """Any factor, either direction."""
    break_ = DecayOnValidation("loss", gamma=0.1)
    assert scales(break_, [1.0, 2.0, 1.0]) == [1.0, pytest.approx(0.1), pytest.approx(0.1)]
    assert scales(DecayOnValidation("nats", mode="min"), [1.0, 2.0, 1.0]) == [1.0, 0.5, 0.5]
    assert scales(DecayOnValidation("loss", mode="max"), [1.0, 2.0, 1.0]) == [1.0, 1.0, 0.5]


def test_rate_does_not_go_below_the_least():
    """It stops there, and says nothing when it can go no lower."""
    break_ = DecayOnValidation("loss", min_lr=0.03)
    states = hear(break_, "loss", [1.0, 2.0, 3.0, 4.0], lr=0.1)
    assert [s["lr_scale"] for s in states] == pytest.approx([1.0, 0.5, 0.3, 0.3])
    assert states[-1]["lines"] == [
        "'loss' got worse: lr 0.1 → 0.05",
        "'loss' got worse: lr 0.05 → 0.03",
    ]


def test_asks_for_the_best_back():
    """Only when the rate is lowered, and only if it is to."""
    break_ = DecayOnValidation("loss", restore_best=True, min_lr=0.6)
    states = hear(break_, "loss", [1.0, 2.0, 1.5, 3.0])
    assert [bool(s["request"] and s["request"].restore_best) for s in states] == [
        False,
        True,
        False,
        False,
    ]
    (*_, last) = hear(DecayOnValidation("loss"), "loss", [1.0, 2.0])
    assert last["request"] == Request()


def test_remembers_the_last_value():
    """The first validation after a snapshot is compared with the one before it."""
    first, again = DecayOnValidation("loss"), DecayOnValidation("loss")
    hear(first, "loss", [1.0])
    again.load_state_dict(first.state_dict())
    assert scales(again, [2.0]) == [0.5]
    again.load_state_dict({"previous": None})
    assert scales(again, [9.0]) == [1.0]


def test_needs_no_schedule():
    """It looks when the statistic is recorded."""
    assert not DecayOnValidation("loss").needs_schedule
