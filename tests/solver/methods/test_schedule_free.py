"""What the schedule-free methods share: weights, and where averages are kept."""

import json

import h5py
import numpy as np
import pytest

import graphnet as gn
from graphnet.solver.methods.schedule_free_adamw import ScheduleFreeAdamW
from graphnet.solver.methods.schedule_free_sgd import ScheduleFreeSGD
from tests.solver.test_average import NET


@pytest.mark.parametrize("warmup", [0, 1, 2, 7])
def test_weights(warmup):
    """The square of each update's factor over the sum of all until then."""
    method = ScheduleFreeSGD(warmup=warmup)
    factors = [min(1, t / warmup) if warmup else 1 for t in range(1, 20)]
    for t in range(1, 20):
        assert method.factor(t) == factors[t - 1]
        expected = factors[t - 1] ** 2 / sum(f**2 for f in factors[:t])
        assert method.weight(t) == pytest.approx(expected, rel=1e-13)


def solved(folder, max_iter=20, method="ScheduleFreeAdamW"):
    net = gn.load_net(NET.replace("weight_cons: {type: L2Cons, threshold: 0.5},", ""))
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 5},
        {"type": "ValidationPerformance", "every_n_iter": 5, "averaged": True, "name": "x"},
    ]
    keys = {"max_iter": max_iter, "exp_dir": str(folder), "coffee_breaks": breaks}
    gn.solve(gn.load_solver(keys | {"method": method}), net)
    return net


@pytest.mark.parametrize("method", ["ScheduleFreeAdamW", "ScheduleFreeSGD"])
def test_the_average_is_measured_and_taken_out(tmp_path, method):
    """By validation, by load_weights, and in the bits of a run in parts."""
    solved(tmp_path / "whole", method=method)
    solved(tmp_path / "parts", 7, method=method)
    net = solved(tmp_path / "parts", method=method)
    files = [tmp_path / run / "snapshots" / "snapshot-000020.h5" for run in ("whole", "parts")]
    with h5py.File(files[0]) as whole, h5py.File(files[1]) as parts:
        for name in ("params/ip/weight", "history/average/ip/weight", "history/base/ip/bias"):
            assert whole[name][()].tobytes() == parts[name][()].tobytes()
        average = whole["history/average/ip/weight"][()]
        base = whole["history/base/ip/weight"][()]
        params = whole["params/ip/weight"][()]
    np.testing.assert_allclose(params, base + 0.9 * (average - base), rtol=1e-5, atol=1e-7)
    lines = (tmp_path / "whole" / "statistics.jsonl").read_text("utf-8").splitlines()
    last = {r["key"]: r["value"] for r in map(json.loads, lines) if r["iter"] == 20}
    gn.load_weights(net, tmp_path / "whole", averaged=True)
    np.testing.assert_array_equal(net.params["ip"]["weight"].data, average)
    text = NET.replace("weight_cons: {type: L2Cons, threshold: 0.5},", "")
    test = gn.load_net(text, "test", share=net)
    assert test.evaluate().statistics["loss"] == last["x.loss"] != last["loss"]


def test_what_it_does_not_go_with():
    """Another average, norm constraints; a falling rate is warned of."""
    for other in ({"ema": 0.9}, {"swa": {"start": 3}}):
        with pytest.raises(gn.SpecError, match="method ScheduleFreeSGD keeps an average, too"):
            gn.SolverSpec(max_iter=1, method="ScheduleFreeSGD", **other)
    solver = gn.load_solver({"max_iter": 1, "method": "ScheduleFreeAdamW"})
    with pytest.raises(gn.SpecError, match="keeps no norm constraint, as layer 'ip' declares one"):
        gn.solve(solver, gn.load_net(NET))
    assert not solver.doubts()
    falling = {"type": "Cosine", "base_lr": 0.01, "max_iter": 9}
    keys = {"max_iter": 9, "method": "ScheduleFreeAdamW", "lr_policy": falling}
    assert "is made for a rate that does not change" in str(gn.load_solver(keys).doubts()[0])
    with pytest.raises(gn.SpecError, match="more than 0"):
        ScheduleFreeAdamW(beta1=0.0)
