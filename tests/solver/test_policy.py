"""What the two families of policies share."""

from dataclasses import dataclass

import pytest

from graphnet.solver.policy import check_lengths, raised, stage_at


@dataclass
class Part:
    """A stage of any policy."""

    length: int | None


def test_stage_ends_where_the_lengths_add_up():
    """T = n1 is already in the second stage, and the last goes on forever."""
    parts = [Part(3), Part(2), Part(None)]
    assert [parts.index(stage_at(parts, t)) for t in range(1, 8)] == [0, 0, 1, 1, 2, 2, 2]


def test_last_length_is_not_used():
    """A length of the last stage does not end it."""
    parts = [Part(3), Part(2)]
    assert stage_at(parts, 100) is parts[1]


def test_lengths_are_required_but_for_the_last():
    """An endless stage in the middle would hide those behind it."""
    check_lengths([Part(3), Part(None)])
    with pytest.raises(ValueError, match=r"stages\[1\]: missing key 'length'"):
        check_lengths([Part(3), Part(None), Part(3)])


def test_raised_overflows_to_infinity():
    """A rate that has grown beyond all numbers is infinite, not a traceback."""
    assert raised(10.0, 400) == float("inf")
    assert raised(0.5, 2) == 0.25
