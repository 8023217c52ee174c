"""Which way a statistic gets better."""

import pytest

from graphnet.errors import SpecError
from graphnet.solver.direction import Best, direction_of


@pytest.mark.parametrize(
    ("key", "mode", "expected"),
    [
        ("accuracy", None, "max"),
        ("Accuracy.top5", None, "max"),
        ("loss", None, "min"),
        ("accuracy.error", None, "min"),
        ("test-loss", None, "min"),
        ("train.accuracy", None, "max"),
        ("obj_val", None, "min"),
        ("loss", "max", "max"),
        ("score", "min", "min"),
    ],
)
def test_direction(key, mode, expected):
    """By name, unless it is said."""
    assert direction_of(key, mode) == expected


def test_a_name_that_does_not_tell():
    """It must be said."""
    with pytest.raises(SpecError, match=r"a higher 'score' is better or a lower one\n  say so"):
        direction_of("score", None)


def test_best_of_several():
    """Equal is not better; NaN never is, and anything is better than NaN."""
    best = Best("loss")
    values = [float("nan"), 3.0, 3.0, float("nan"), 2.0, float("inf")]
    assert [best.update(v, i) for i, v in enumerate(values)] == [
        False,
        True,
        False,
        False,
        True,
        False,
    ]
    assert (best.value, best.iter) == (2.0, 4)


def test_min_delta():
    """By how much it must be better."""
    best = Best("accuracy", min_delta=0.1)
    assert [best.update(v, 0) for v in (0.5, 0.59, 0.61)] == [True, False, True]


def test_comes_back():
    """From what it keeps, and to nothing from an empty state."""
    best, again = Best("loss"), Best("loss")
    best.update(0.25, 7)
    again.load_state_dict(best.state_dict())
    assert (again.value, again.iter) == (0.25, 7)
    again.load_state_dict({"best": None, "best_iter": 0})
    assert (again.value, again.iter) == (None, 0)
