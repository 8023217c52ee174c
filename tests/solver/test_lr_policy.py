"""Learning-rate policies against values computed by hand."""

from math import cos, exp, inf, pi

import pytest
from pydantic import TypeAdapter

from graphnet.errors import SpecError
from graphnet.solver.lr_policy import AnyLRPolicy

ADAPTER = TypeAdapter(AnyLRPolicy)

STAGED = {
    "type": "Staged",
    "stages": [
        {"length": 10, "policy": {"type": "Fixed", "base_lr": 0.1}},
        {"length": 5, "policy": {"type": "Exp", "base_lr": 1.0, "gamma": 0.5}},
        {"policy": {"type": "Fixed", "base_lr": 0.001}},
    ],
}
STEP = {"type": "Step", "base_lr": 0.1, "gamma": 0.5, "stepsize": 10}


def warmup(**inner):
    return {"type": "Warmup", "length": 4, "start": 0.2, "policy": inner}


CASES = [
    ({"type": "Fixed", "base_lr": 0.01}, {1: 0.01, 10**9: 0.01}),
    (STEP, {1: 0.1, 9: 0.1, 10: 0.05, 19: 0.05, 20: 0.025}),
    (STEP | {"gamma": 2.0, "stepsize": 1}, {5000: inf}),
    (
        {"type": "MultiStep", "base_lr": 1.0, "gamma": 0.1, "stepvalues": [3, 5]},
        {1: 1.0, 2: 1.0, 3: 0.1, 4: 0.1, 5: 0.1**2, 99: 0.1**2},
    ),
    ({"type": "Exp", "base_lr": 2.0, "gamma": 0.9}, {0: 2.0, 1: 1.8, 3: 2 * 0.9**3}),
    (
        {"type": "Inv", "base_lr": 0.01, "gamma": 0.0001, "power": 0.75},
        {1: 0.01 * 1.0001**-0.75, 10000: 0.01 * 2**-0.75},
    ),
    (
        {"type": "Poly", "base_lr": 0.4, "power": 2.0, "max_iter": 100},
        {1: 0.4 * 0.99**2, 50: 0.1, 100: 0.0, 101: 0.0},
    ),
    (
        {"type": "Sigmoid", "base_lr": 0.3, "gamma": 0.01, "stepsize": 50},
        {1: 0.3 / (1 + exp(0.49)), 50: 0.15, 100: 0.3 / (1 + exp(-0.5)), 10**9: 0.3},
    ),
    ({"type": "Sigmoid", "base_lr": 0.3, "gamma": -5.0, "stepsize": 50}, {10**9: 0.0}),
    (
        {"type": "Cosine", "base_lr": 1.0, "min_lr": 0.2, "max_iter": 4},
        {0: 1.0, 1: 0.2 + 0.4 * (1 + cos(pi / 4)), 2: 0.6, 4: 0.2, 5: 0.2},
    ),
    (
        # T0 3, T_mult 2: PyTorch 2.13's CosineAnnealingWarmRestarts with eta_min 0.1
        {"type": "CosineRestarts", "base_lr": 0.5, "length": 3, "growth": 2, "min_lr": 0.1},
        {
            0: 0.5,
            1: 0.4,
            2: 0.2,
            3: 0.5,
            4: 0.47320508075688783,
            6: 0.3,
            7: 0.2,
            8: 0.12679491924311226,
            9: 0.5,
            10: 0.49318516525781364,
            12: 0.4414213562373095,
            15: 0.3,
            20: 0.10681483474218637,
            21: 0.5,
            22: 0.1 + 0.2 * (1 + cos(pi / 24)),
        },
    ),
    (
        {"type": "CosineRestarts", "base_lr": 1.0, "length": 4},
        {1: 0.5 * (1 + cos(pi / 4)), 4: 1.0, 4 * 10**12: 1.0, 4 * 10**12 + 2: 0.5},
    ),
    (
        # PyTorch 2.13's OneCycleLR of 11 steps, whose phases end at 0.3 · 11 − 1 and at 10
        {"type": "OneCycle", "base_lr": 0.5, "max_iter": 10, "rise": 0.23},
        {
            0: 0.02,
            1: 0.2111705568673679,
            2: 0.4801307123613087,
            3: 0.48987328391065077,
            5: 0.36304352464876416,
            9: 0.020522771603145428,
            10: 2e-06,
            11: 2e-06,
        },
    ),
    (
        {"type": "OneCycle", "base_lr": 1.0, "max_iter": 8, "rise": 0.5, "start": 0.2, "end": 0.1},
        {0: 0.2, 2: 0.6, 4: 1.0, 6: 0.55, 8: 0.1, 9**9: 0.1},
    ),
    (STAGED, {1: 0.1, 9: 0.1, 10: 0.5**10, 14: 0.5**14, 15: 0.001, 10**6: 0.001}),
    (warmup(type="Fixed", base_lr=0.5), {1: 0.5 * 0.4, 2: 0.5 * 0.6, 4: 0.5, 5: 0.5}),
    (warmup(**STEP), {2: 0.1 * 0.6, 10: 0.05}),
    (warmup(**STAGED), {2: 0.1 * 0.6, 15: 0.001}),
]


@pytest.mark.parametrize(
    ("policy", "t", "expected"),
    [(policy, t, value) for policy, values in CASES for t, value in values.items()],
)
def test_value(policy, t, expected):
    """Each policy at chosen updates, Mocha's and Caffe's formulas."""
    assert ADAPTER.validate_python(policy).value_at(t) == pytest.approx(expected, rel=1e-12)


def test_unit_epoch_counts_completed_epochs():
    """With unit epoch the iteration does not matter, and the first epoch is number 0."""
    policy = ADAPTER.validate_python(STEP | {"unit": "epoch", "stepsize": 2})
    assert [policy.value(999, epoch) for epoch in (0, 1, 2, 4)] == [0.1, 0.1, 0.05, 0.025]


def test_units_may_differ_inside_a_warmup():
    """Warm up over iterations, step by epochs: each part asks its own clock."""
    policy = ADAPTER.validate_python(warmup(**STEP, unit="epoch"))
    assert policy.value(1, 0) == pytest.approx(0.1 * 0.4)
    assert policy.value(400, 9) == pytest.approx(0.1)
    assert policy.value(400, 10) == pytest.approx(0.05)


def test_stages_may_be_counted_in_epochs():
    """The Staged policy's unit is that of the lengths; the parts keep their own."""
    policy = ADAPTER.validate_python(STAGED | {"unit": "epoch"})
    assert policy.value(3, 9) == pytest.approx(0.1)
    assert policy.value(3, 10) == pytest.approx(0.5**3)


def test_policies_are_values():
    """Equal declarations are equal and hash alike, so that runs can be compared."""
    one, other = ADAPTER.validate_python(STAGED), ADAPTER.validate_python(STAGED)
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"type": "Fixed"}, "missing key 'base_lr'"),
        ({"type": "Fixed", "base_lr": -1.0}, "at least 0, found -1"),
        ({"type": "Fixed", "base_lr": "0.1"}, "expected a number, found the text"),
        ({"type": "Fixed", "base_lr": 0.1, "unit": "step"}, "'iter' or 'epoch'"),
        (STEP | {"stepsize": 0}, "more than 0, found 0"),
        (STEP | {"step": 3}, "unknown key 'step'\n  write 'stepsize'"),
        (
            {"type": "MultiStep", "base_lr": 1.0, "gamma": 0.1, "stepvalues": [5, 5]},
            r"stepvalues must rise: \[5, 5\]",
        ),
        ({"type": "Staged", "stages": []}, "at least one"),
        (
            {"type": "Staged", "stages": [STAGED["stages"][2], STAGED["stages"][0]]},
            r"stages\[0\]: missing key 'length'",
        ),
        ({"type": "OneCycle", "base_lr": 1.0, "max_iter": 9, "rise": 1.0}, "less than 1, found 1"),
        ({"type": "CosineRestarts", "base_lr": 1.0, "length": 9, "growth": 0}, "more than 0"),
        (warmup(type="Fixed", base_lr=0.5) | {"start": 2.0}, "at most 1, found 2"),
    ],
)
def test_mistakes_are_refused(policy, message):
    """Missing, unknown and impossible keys."""
    with pytest.raises(SpecError, match=message):
        ADAPTER.validate_python(policy)
