"""The scale of the losses: how it changes, what an overflow leaves, and that runs go on exactly."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from pydantic import ValidationError
from support.lines import Lines

from graphnet.errors import DivergedError, SpecError
from graphnet.net.load_net import load_net
from graphnet.solver import loss_scale
from graphnet.solver.loss_scale import FIRST, LossScale
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec
from tests.parallel.recipe import layers, results, write_data
from tests.parallel.runs import train_on


def test_it_is_halved_and_doubled(monkeypatch):
    """At once, and after so many in a row that are finite."""
    monkeypatch.setattr(loss_scale, "PATIENCE", 3)
    scale = LossScale("dynamic")
    assert (scale.value, scale.is_dynamic) == (2.0**16, True)
    assert [scale.overflows(x) for x in (inf, nan, 1.0, 1.0)] == [True, True, False, False]
    assert (scale.value, scale.skipped, scale.is_last_skipped) == (FIRST / 4, 2, False)
    scale.overflows(1.0)
    assert scale.value == FIRST / 2
    assert [scale.overflows(x) for x in (1.0, 1.0, inf, 1.0, 1.0)][2]
    assert (scale.value, scale.good) == (FIRST / 4, 2)
    other = LossScale("dynamic")
    other.load_state_dict(scale.state_dict())
    assert other.state_dict() == scale.state_dict()


def test_it_has_limits(monkeypatch):
    """At 1 a run diverges as any other; and it does not grow for ever."""
    monkeypatch.setattr(loss_scale, "PATIENCE", 1)
    scale = LossScale("dynamic")
    assert [scale.overflows(nan) for _ in range(18)] == [True] * 16 + [False] * 2
    assert scale.value == 1
    for _ in range(40):
        scale.overflows(1.0)
    assert scale.value == loss_scale.MOST


def test_a_number_stays():
    """And nothing is skipped for it."""
    scale = LossScale(128)
    assert not any(scale.overflows(x) for x in (inf, nan, 1.0))
    assert (scale.value, scale.is_dynamic, scale.skipped) == (128.0, False, 0)


def test_a_snapshot_brings_back_what_was_found_not_what_was_declared():
    """And from any number the scale falls until it is at most 1, where a run diverges."""
    fixed, other = LossScale(3), LossScale("dynamic")
    other.load_state_dict(fixed.state_dict())
    assert [other.overflows(inf) for _ in range(4)] == [True, True, False, False]
    fixed.load_state_dict(LossScale("dynamic").state_dict())
    assert fixed.value == 3


@pytest.mark.parametrize(
    ("keys", "scale"),
    [
        ({"precision": "float16"}, "dynamic"),
        ({"precision": "bfloat16"}, 1.0),
        ({"precision": "bfloat16", "loss_scale": "dynamic"}, "dynamic"),
        ({"precision": "float16", "loss_scale": 512}, 512.0),
    ],
)
def test_what_it_is_by_default(keys, scale):
    """Float16 ends at 65504 and 6e-8; bfloat16 where float32 does."""
    assert SolverSpec(max_iter=1, **keys).scale == scale


def test_it_is_for_rounded_operands():
    """Else it would have no effect."""
    with pytest.raises((SpecError, ValidationError), match="loss_scale: is for operands"):
        SolverSpec(max_iter=1, loss_scale=8.0)


RNG = np.random.default_rng(5)
X = RNG.standard_normal((64, 6))
Y = np.tanh(X @ RNG.standard_normal((6, 2))) * 40


def net_of(precision, target=Y):
    """A regression with running statistics."""
    declared = [
        {"name": "data", "type": "MemoryData", "batch_size": 16, "tops": ["x", "y"]}
        | {"check_finite": False},
        {"name": "ip", "type": "InnerProduct", "output_dim": 8, "bottoms": ["x"], "tops": ["h"]},
        {"name": "bn", "type": "BatchNorm", "bottoms": ["h"], "tops": ["n"]},
        {"name": "out", "type": "InnerProduct", "output_dim": 2, "bottoms": ["n"], "tops": ["o"]},
        {"name": "loss", "type": "SquareLoss", "bottoms": ["o", "y"]},
    ]
    return load_net(declared, inputs={"x": X, "y": target}, precision=precision, threads=1)


def run(n, folder=None, precision="float16", net=None, **keys):
    """Train; the net, the state, and what was said."""
    net, reporter = net or net_of(precision), Lines()
    breaks = [
        {"type": type_, "every_n_iter": 1} for type_ in ("TrainingSummary", "DivergenceGuard")
    ]
    breaks += [{"type": "Snapshot", "every_n_iter": 5}] if folder else []
    spec = SolverSpec(
        max_iter=n, exp_dir=folder, precision=precision, coffee_breaks=breaks,
        lr_policy={"type": "Fixed", "base_lr": 0.003}, **keys,
    )  # fmt: skip
    state = solve(Solver(spec), net, reporter=reporter)
    return net, state, reporter


def test_an_overflow_leaves_nothing_behind(tmp_path):
    """Its update is skipped, the running statistics are those before, and the scale is halved."""
    start = net_of("float16")
    net, state, reporter = run(1, str(tmp_path / "run"))
    assert (state.skipped, state.is_last_skipped, state.loss_scale) == (1, True, FIRST / 2)
    assert net.store.data.tobytes() == start.store.data.tobytes()
    for key, named in start.store.state.items():
        for name, array in named.items():
            assert net.store.state[key][name].tobytes() == array.tobytes()
    (said,) = reporter.warnings
    assert said == (
        "iteration 1: at a loss scale of 65,536 the gradient is not finite; this update is"
        " skipped, and the scale is 32,768"
    )
    assert np.isfinite(state.obj_val)
    assert np.isfinite(net.statistics()["loss"])


@pytest.mark.parametrize("fails", [False, True])
def test_the_net_is_left_as_it_was(fails):
    """Diffs of blobs that a user computes after a run are not multiplied by its scale."""
    net = net_of("float16", np.full_like(Y, np.nan) if fails else Y)
    if fails:
        with pytest.raises(DivergedError, match="at iteration 17 "):
            run(60, net=net)
    else:
        assert run(2, net=net)[1].loss_scale > 1
    assert net.context.loss_scale == 1


def test_then_it_trains():
    """To the loss of float32, once the scale fits; how large it is, is recorded."""
    net, state, reporter = run(300)
    assert 1 <= state.skipped == len(reporter.warnings) < 10
    assert state.loss_scale == FIRST / 2**state.skipped
    assert not state.is_last_skipped
    exact, other, _ = run(300, precision="float32")
    assert other.loss_scale is None
    losses = []
    for one in (net, exact):
        one.reset_statistics()
        for _ in range(4):
            one.forward()
        losses.append(one.statistics()["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=0.03)
    start = net_of("float32")
    start.forward()
    assert losses[0] < 0.3 * start.loss()
    assert "loss_scale" in state.history
    assert "loss_scale" not in other.history


def test_bfloat16_needs_no_scale():
    """None is skipped, and updates do not wait for a norm."""
    _, state, reporter = run(300, precision="bfloat16")
    assert (state.skipped, state.loss_scale, reporter.warnings) == (0, 1.0, [])
    _, exact, _ = run(300, precision="float32")
    assert state.obj_val == pytest.approx(exact.obj_val, rel=0.2)


def test_a_run_in_parts_is_the_run(tmp_path, monkeypatch):
    """Bit for bit: the scale, and how long it has held, are in the snapshots."""
    monkeypatch.setattr(loss_scale, "PATIENCE", 7)
    whole, state, _ = run(30, str(tmp_path / "whole"))
    assert state.skipped > 3
    for n in (2, 9, 17, 30):
        parts, _, _ = run(n, str(tmp_path / "parts"))
    assert parts.store.data.tobytes() == whole.store.data.tobytes()
    names = [tmp_path / name / "snapshots" / "snapshot-000030.h5" for name in ("whole", "parts")]
    assert names[0].read_bytes() == names[1].read_bytes()


def test_what_cannot_be_scaled_diverges():
    """Data that are no numbers: at a scale of 1 the run ends as any other."""
    net = net_of("float16", np.full_like(Y, np.nan))
    with pytest.raises(DivergedError, match="at iteration 17 "):
        run(60, net=net)


def test_solver_and_net_say_the_same():
    """Else the run would not be what its solver says."""
    with pytest.raises(
        SpecError, match="the solver says bfloat16, but the net was made with float32"
    ):
        run(1, precision="bfloat16", net=net_of("float32"))
    with pytest.raises(SpecError, match="load the net with precision='float32'"):
        run(1, precision="float32", net=net_of("float16"))


def test_batches_of_an_update():
    """With ``iter_size`` the mean gradient is that of a whole batch, to rounding."""
    clip = {"clip_gradients": 5.0, "clip_layers": 4.0}
    one, _, _ = run(6, loss_scale=64.0, iter_size=4, **clip)
    exact, _, _ = run(6, precision="float32", iter_size=4, **clip)
    moved = np.abs(one.store.data - net_of("float32").store.data).max()
    assert np.abs(one.store.data - exact.store.data).max() < 0.02 * moved


@pytest.mark.parametrize("sync", [False, True])
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_ranks_and_shards(tmp_path, monkeypatch, precision, sync):
    """The same bits, also of the scale, for any number of ranks."""
    monkeypatch.setattr(loss_scale, "FIRST", 2.0**26)
    monkeypatch.setattr(loss_scale, "PATIENCE", 5)
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)
    found = []
    for ranks in (1, 2, 4):
        keys = {"precision": precision, "loss_scale": "dynamic", "exp_dir": f"run{ranks}"}
        ends = train_on(ranks, layers(16, sync=sync), 12, 4, **keys)
        assert len({end["ip/weight"].tobytes() for end in ends}) == 1
        found.append(results(tmp_path / f"run{ranks}"))
    assert found[0] == found[1] == found[2]
    assert any(b'"loss_scale":{' in content for content in found[0].values())
