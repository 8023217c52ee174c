"""What ``--grid`` and ``--random`` say, and the trials that follow."""

from __future__ import annotations

import pytest

from graphnet.errors import SpecError
from graphnet.tuning.space import (
    SweepAxis,
    check_axes,
    drawn,
    grid,
    overrides_of,
    parse_axis,
    value_text,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b=0.1,0.01", SweepAxis("a.b", (0.1, 0.01))),
        ("a=1e-3", SweepAxis("a", (0.001,))),
        ("method=SGD,Adam", SweepAxis("method", ("SGD", "Adam"))),
        ("a=true,null", SweepAxis("a", (True, None))),
        ("a=[1, 2],[3]", SweepAxis("a", ([1, 2], [3]))),
        ("a={type: Fixed, base_lr: 1},{type: Fixed, base_lr: 2}",
         SweepAxis("a", ({"type": "Fixed", "base_lr": 1}, {"type": "Fixed", "base_lr": 2}))),
        ("a=1..5", SweepAxis("a", (), 1, 5)),
        ("a=0.5..2", SweepAxis("a", (), 0.5, 2)),
        ("a=log:1e-4..0.1", SweepAxis("a", (), 0.0001, 0.1, is_log=True)),
    ],
)  # fmt: skip
def test_axes(text, expected):
    """Values are YAML; ranges have two dots."""
    assert parse_axis("--random", text, ranges=True) == expected


@pytest.mark.parametrize(
    ("text", "ranges", "said"),
    [
        ("a", True, "expected KEY.PATH=VALUE"),
        ("=1", True, "expected KEY.PATH=VALUE"),
        ("a=", True, "expected KEY.PATH=VALUE"),
        ("a=1..5", False, "--random a=1..5"),
        ("a=5..1", True, "the lower one first"),
        ("a=x..y", True, "expected two numbers"),
        ("a=log:0..1", True, "above 0"),
        ("a=1,1", True, "a value is there twice"),
        ("a=[1", True, "a=\\[1"),
        ("exp_dir=a,b", True, "a directory of its own"),
    ],
)
def test_what_is_no_axis(text, ranges, said):
    """The message says what was expected."""
    with pytest.raises(SpecError, match=said):
        parse_axis("--random", text, ranges=ranges)


def test_a_key_twice():
    """Its values belong together."""
    with pytest.raises(SpecError, match="'a' is there twice"):
        check_axes([SweepAxis("a", (1,)), SweepAxis("a", (2,))], "--grid")


def test_a_grid_is_every_combination():
    """The last key changes fastest."""
    found = grid([SweepAxis("a", (1, 2)), SweepAxis("b", ("x", "y"))])
    assert [tuple(s.values()) for s in found] == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    with pytest.raises(SpecError, match="1,000,000 trials"):
        grid([SweepAxis(k, tuple(range(100))) for k in "abc"])


def test_draws_are_a_function_of_seed_trial_and_key():
    """More trials, or other keys beside, do not change them."""
    axes = [
        SweepAxis("a", (), 0.001, 10.0, is_log=True),
        SweepAxis("b", (), 1, 3),
        SweepAxis("c", ("x", "y")),
    ]
    few, many = drawn(axes, 5, 0), drawn(axes, 200, 0)
    assert many[:5] == few
    assert [s["b"] for s in drawn(axes[1:2], 5, 0)] == [s["b"] for s in few]
    assert drawn(axes, 5, 1) != few
    assert {s["b"] for s in many} == {1, 2, 3}
    assert {s["c"] for s in many} == {"x", "y"}
    rates = [s["a"] for s in many]
    assert all(0.001 <= rate <= 10 for rate in rates)
    below = sum(rate < 0.1 for rate in rates)  # half of the factors
    assert 70 < below < 130


def test_whole_numbers_by_factors():
    """Are whole, and within the range."""
    values = {s["a"] for s in drawn([SweepAxis("a", (), 1, 100, is_log=True)], 300, 0)}
    assert all(isinstance(v, int) and 1 <= v <= 100 for v in values)
    assert len(values) > 20


def test_settings_as_overrides():
    """As ``--set`` would say them."""
    (one,) = overrides_of({"layers.ip1.output_dim": 5})
    assert (one.path, one.value, one.text) == (
        ("layers", "ip1", "output_dim"),
        5,
        "--set layers.ip1.output_dim=5",
    )


def test_values_as_texts():
    """As YAML has them."""
    assert (
        value_text({"type": "Fixed", "x": [1, None, True]}) == "{type: Fixed, x: [1, null, true]}"
    )
