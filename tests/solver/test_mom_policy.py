"""Momentum policies against values computed by hand."""

import pytest
from pydantic import TypeAdapter

from graphnet.errors import SpecError
from graphnet.solver.mom_policy import AnyMomentumPolicy

ADAPTER = TypeAdapter(AnyMomentumPolicy)

LINEAR = {
    "type": "Linear",
    "momentum": 0.5,
    "gamma": 0.0008,
    "stepsize": 600,
    "max_momentum": 0.9,
}
STEP = {"type": "Step", "momentum": 0.5, "gamma": 1.2, "stepsize": 10, "max_momentum": 0.8}
STAGED = {
    "type": "Staged",
    "stages": [
        {"length": 1000, "policy": {"type": "Fixed", "momentum": 0.3}},
        {"policy": LINEAR},
    ],
}
CASES = [
    ({"type": "Fixed", "momentum": 0.9}, {1: 0.9, 10**6: 0.9}),
    (LINEAR, {1: 0.5, 599: 0.5, 600: 0.5008, 1200: 0.5016, 300000: 0.9, 10**7: 0.9}),
    (STEP, {9: 0.5, 10: 0.6, 20: 0.72, 30: 0.8, 10**6: 0.8}),
    (
        # PyTorch 2.13's OneCycleLR of 11 steps, whose phases end at 0.3 · 11 − 1 and at 10
        {"type": "OneCycle", "max_iter": 10, "rise": 0.23},
        {
            0: 0.95,
            1: 0.9101728006526316,
            2: 0.8541394349247273,
            3: 0.8520253513192751,
            7: 0.9169944650791307,
            9: 0.9458958292626879,
            10: 0.95,
            11: 0.95,
        },
    ),
    (
        {"type": "OneCycle", "max_momentum": 0.9, "min_momentum": 0.5, "max_iter": 8, "rise": 0.5},
        {0: 0.9, 2: 0.7, 4: 0.5, 6: 0.7, 8: 0.9, 99: 0.9},
    ),
    (STAGED, {999: 0.3, 1000: 0.5008}),
]


@pytest.mark.parametrize(
    ("policy", "t", "expected"),
    [(policy, t, value) for policy, values in CASES for t, value in values.items()],
)
def test_value(policy, t, expected):
    """Each policy at chosen updates; Linear is that of Mocha's dropout example."""
    assert ADAPTER.validate_python(policy).value_at(t) == pytest.approx(expected, rel=1e-12)


def test_unit_epoch():
    """Momentum can follow the epochs, too."""
    policy = ADAPTER.validate_python(STEP | {"unit": "epoch"})
    assert policy.value(7, 10) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"type": "Fixed", "momentum": 1.0}, "less than 1"),
        ({"type": "Linear", "momentum": 0.5}, "missing key 'gamma'"),
        ({"type": "Inv", "momentum": 0.5}, "expected one of: Fixed, Linear, OneCycle, Staged"),
        ({"type": "Staged", "stages": []}, "at least one"),
    ],
)
def test_mistakes_are_refused(policy, message):
    """Missing, unknown and impossible values."""
    with pytest.raises(SpecError, match=message):
        ADAPTER.validate_python(policy)
