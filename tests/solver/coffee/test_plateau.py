"""Plateau."""

import pytest
from support.listening import hear

from graphnet.solver.coffee.plateau import Plateau


def scales(break_, values, **keywords):
    return [state["lr_scale"] for state in hear(break_, break_.key, values, **keywords)]


@pytest.mark.parametrize(
    ("keys", "values", "expected"),
    [
        ({"patience": 2}, [3, 3, 3, 2, 2, 2], [1, 1, 0.5, 0.5, 0.5, 0.25]),
        ({"patience": 1}, [3, 4, 5], [1, 0.5, 0.25]),
        ({"patience": 1, "cooldown": 1}, [3, 4, 5, 6, 7], [1, 0.5, 0.5, 0.25, 0.25]),
        ({"patience": 2, "min_delta": 0.5}, [3, 2.9, 2.6, 2.4], [1, 1, 0.5, 0.5]),
        ({"patience": 1, "mode": "max"}, [3, 4, 5, 4], [1, 1, 1, 0.5]),
        ({"key": "nats", "patience": 1, "mode": "min"}, [3, 2, 1, 2], [1, 1, 1, 0.5]),
        ({"patience": 1, "min_lr": 0.4}, [3, 3, 3, 3], [1, 0.5, 0.4, 0.4]),
    ],
)
def test_lowers_after_patience_without_a_new_best(keys, values, expected):
    """Each time anew; values in the cooldown do not count."""
    break_ = Plateau(**{"key": "loss", "gamma": 0.5} | keys)
    assert scales(break_, [float(v) for v in values]) == pytest.approx(expected)


def test_says_what_it_does():
    """Why, and from what to what."""
    states = hear(Plateau("loss", gamma=0.1, patience=1), "loss", [1.0, 1.0], lr=0.02)
    assert states[-1]["lines"] == ["'loss' has not got better 1 times in a row: lr 0.02 → 0.002"]


def test_asks_for_the_best_back():
    """Where it lowers the rate."""
    break_ = Plateau("loss", patience=2, restore_best=True)
    states = hear(break_, "loss", [1.0, 1.0, 1.0, 0.5])
    assert [bool(s["request"] and s["request"].restore_best) for s in states] == [
        False,
        False,
        True,
        False,
    ]


def test_goes_on_counting_after_a_snapshot():
    """Best, waiting and cooldown are kept."""
    values = [3.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    keys = {"key": "loss", "gamma": 0.5, "patience": 2, "cooldown": 1}
    whole = scales(Plateau(**keys), values)
    for n in range(1, len(values)):
        first, second = Plateau(**keys), Plateau(**keys)
        half = scales(first, values[:n])
        second.load_state_dict(first.state_dict())
        rest = [half[-1] * scale for scale in scales(second, values[n:])]
        assert half + rest == whole


def test_needs_no_schedule():
    """It looks when the statistic is recorded."""
    assert not Plateau("loss").needs_schedule
