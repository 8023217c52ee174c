"""What the two families of policies share."""

import pytest

from graphnet.errors import SpecError
from graphnet.solver import lr_policy, mom_policy
from graphnet.solver.policy import raised


def rates(*lengths):
    """A staged policy whose k-th stage has the rate k."""
    return lr_policy.Staged(
        stages=[
            {"length": length, "policy": lr_policy.Fixed(base_lr=float(k))}
            for k, length in enumerate(lengths)
        ]
    )


def momenta(*lengths):
    """The same with momenta, in tenths."""
    return mom_policy.Staged(
        stages=[
            {"length": length, "policy": mom_policy.Fixed(momentum=k / 10)}
            for k, length in enumerate(lengths)
        ]
    )


@pytest.mark.parametrize(("staged", "unit"), [(rates, 1), (momenta, 0.1)])
def test_a_stage_ends_where_the_lengths_add_up(staged, unit):
    """T = n1 is already in the second stage, and the last goes on forever."""
    policy = staged(3, 2, None)
    found = [policy.value_at(t) / unit for t in range(1, 8)]
    assert found == pytest.approx([0, 0, 1, 1, 2, 2, 2])


@pytest.mark.parametrize(("staged", "unit"), [(rates, 1), (momenta, 0.1)])
def test_the_last_length_is_not_used(staged, unit):
    """A length of the last stage does not end it."""
    assert staged(3, 2).value_at(100) == unit


@pytest.mark.parametrize("staged", [rates, momenta])
def test_lengths_are_required_but_for_the_last(staged):
    """An endless stage in the middle would hide those behind it."""
    with pytest.raises(SpecError, match=r"stages\[1\]: missing key 'length'"):
        staged(3, None, 3)
    with pytest.raises(SpecError, match="stages: expected at least one"):
        staged()


def test_raised_overflows_to_infinity():
    """A rate that has grown beyond all numbers is infinite, not a traceback."""
    assert raised(10.0, 400) == float("inf")
    assert raised(0.5, 2) == 0.25
