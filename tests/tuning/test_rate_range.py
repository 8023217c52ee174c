"""The range test on problems whose largest useful rate is known."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet.tuning.rate_range import RateStep, find_rate, suggested, table_text

RNG = np.random.default_rng(2)


def line_net(scale=1.0):
    """A least-squares fit of one number; the loss is 0.5 · scale² · (w − 2)²."""
    x = np.full((8, 1), scale)
    layers = [
        gn.layers.MemoryData(name="data", batch_size=8, tops=("x", "y")),
        gn.layers.InnerProduct(name="ip", output_dim=1, bias=False, bottoms=("x",), tops=("ip",)),
        gn.layers.SquareLoss(name="loss", bottoms=("ip", "y")),
    ]
    return gn.load_net(layers, dtype="float64", inputs={"x": x, "y": 2 * x})


SPEC = gn.SolverSpec(max_iter=1, regu_coef=0)


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_rates_are_those_of_the_curvature(scale):
    """Gradient descent diverges beyond 2 / curvature: the suggestion scales with it, below it."""
    found = find_rate(line_net(scale), SPEC, 1e-7, 1e4, 300)
    limit = 2 / scale**2
    assert limit / 1000 < found.suggestion < limit
    assert found.suggestion < found.lowest
    assert found.steps[-1].rate > limit
    assert len(found.steps) < 300
    assert "risen far" in found.ended or "diverged" in found.ended


def test_rates_rise_by_the_same_factor():
    """From the first to the last, both included."""
    found = find_rate(line_net(), SPEC, 1e-4, 1e-2, 21)
    rates = np.array([step.rate for step in found.steps])
    np.testing.assert_allclose(rates, np.geomspace(1e-4, 1e-2, 21))
    assert [step.iter for step in found.steps] == list(range(1, 22))
    assert found.ended == "all rates have been tried"


def test_nothing_is_written(tmp_path, monkeypatch):
    """Neither the solver's directory nor what its breaks would write."""
    monkeypatch.chdir(tmp_path)
    spec = gn.load_solver(
        {
            "max_epoch": 3,
            "exp_dir": "run",
            "coffee_breaks": [{"type": "Snapshot", "every_n_iter": 1}],
        }
    ).spec
    find_rate(line_net(), spec, n_steps=20)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_never_falls_suggests_nothing():
    """Rather than a number that means nothing."""
    found = find_rate(line_net(), SPEC, 1e3, 1e6, 40)
    assert (found.suggestion, found.lowest) == (None, None)


def test_the_steepest_fall():
    """Of a curve that is flat, falls at one place, and rises."""
    rates = np.geomspace(1e-6, 1, 61)
    x = np.log10(rates)
    losses = 1 - 1 / (1 + np.exp(-8 * (x + 3))) + np.where(x > -1, (x + 1) * 3, 0)
    steps = [RateStep(i, r, v, v) for i, (r, v) in enumerate(zip(rates, losses, strict=True), 1)]
    suggestion, lowest = suggested(steps)
    assert abs(np.log10(suggestion) + 3) < 0.2
    assert abs(np.log10(lowest) + 1) < 0.3
    assert suggested(steps[:5]) == (None, None)


def test_the_table():
    """A line for each step; numbers as exact as they are."""
    found = find_rate(line_net(), SPEC, n_steps=15)
    lines = table_text(found).splitlines()
    assert lines[0] == "iter,rate,loss,smoothed"
    assert [float(line.split(",")[2]) for line in lines[1:]] == [s.loss for s in found.steps]


@pytest.mark.parametrize(("low", "high"), [(1, 1), (0, 1), (2, 1), (1, float("inf"))])
def test_rates_that_make_no_range(low, high):
    """Both are told."""
    with pytest.raises(gn.SpecError, match="the lower one first"):
        find_rate(line_net(), SPEC, low, high)
