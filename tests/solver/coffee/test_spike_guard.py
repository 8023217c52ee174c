"""SpikeGuard: what is a jump, what is brought back, and when it gives up."""

from pathlib import Path

import numpy as np
import pytest
from support.fake_net import FakeNet, table
from support.lines import Lines

from graphnet.errors import DivergedError, SpecError
from graphnet.solver.coffee.spike_guard import SpikeGuard
from graphnet.solver.request import Request
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec


class Jumpy(FakeNet):
    """Whose params are moved, or spoilt, by the update after some iterations."""

    at: dict[int, float] = {}  # noqa: RUF012  # a test's own

    def backward(self):
        """With the gradient of some iterations multiplied."""
        super().backward()
        self.store.diff[...] *= self.at.get(self.context.iteration, 1.0)


def trained(folder, n, at, method="SGD", **keys):
    net = Jumpy()
    net.at = at
    breaks = [
        {"type": "SpikeGuard", "every_n_iter": 1, "window": 4, **keys},
        {"type": "Snapshot", "every_n_iter": 5},
    ]
    rate = {"type": "Fixed", "base_lr": 0.05}
    spec = SolverSpec(
        max_iter=n, exp_dir=str(folder), lr_policy=rate, coffee_breaks=breaks, method=method
    )
    reporter = Lines()
    state = solve(Solver(spec), net, reporter=reporter)
    return net.store.data.copy(), state, reporter


@pytest.mark.parametrize("factor", [1e4, np.nan])
@pytest.mark.parametrize("method", ["SGD", "Adam"])
def test_the_last_snapshot_comes_back(tmp_path, factor, method):
    """Params, state and history; iterations count on, at a lower rate."""
    at = {7: factor if method == "SGD" else np.nan}  # Adam takes no long step of a long gradient
    _, state, reporter = trained(tmp_path, 12, at, method, gamma=0.5)
    assert state.iter == 12
    assert state.lr_scale == 0.5
    (warning,) = reporter.warnings
    what = "iteration 8: a param is not finite" if np.isnan(at[7]) else "iteration 9: the loss is "
    assert warning.startswith(what)
    assert warning.endswith("snapshot-000005.h5, at 0.5 times the rate")
    assert "back to the params of iteration 5" in reporter.lines
    assert np.isfinite(state.obj_val)


def test_what_comes_back_is_what_was_saved(tmp_path):
    """Right after it, bit for bit, and the loss is that of the snapshot."""
    there, then, _ = trained(tmp_path / "a", 5, {})
    here, state, _ = trained(tmp_path / "b", 8, {7: np.nan})
    assert here.tobytes() == there.tobytes()
    assert state.obj_val == then.obj_val
    assert state.iter == 8


def test_a_run_in_parts(tmp_path):
    """Goes the same way."""
    at = {7: np.nan}
    whole, _, _ = trained(tmp_path / "whole", 16, at)
    for n in (6, 11, 16):
        parts, _, _ = trained(tmp_path / "parts", n, at)
        if n == 6:  # a snapshot more than the run in one piece has
            (tmp_path / "parts" / "snapshots" / "snapshot-000006.h5").unlink()
    assert parts.tobytes() == whole.tobytes()


def test_it_gives_up(tmp_path):
    """After the most it may: as a DivergenceGuard does."""
    at = dict.fromkeys(range(7, 40), np.nan)
    with pytest.raises(DivergedError, match="at iteration 10 a param is not finite"):
        trained(tmp_path / "a", 30, at, most=2)


def test_nothing_to_go_back_to():
    """Then what is not finite ends the run at once."""
    net, state, lounge, _ = table()
    net.loss = lambda: np.inf
    net.forward()
    state.advance(net)
    with pytest.raises(DivergedError, match="at iteration 1 the loss is inf"):
        SpikeGuard().enjoy(net, state, lounge)


def test_a_jump_without_a_snapshot_is_told():
    """And the run goes on."""
    net, state, lounge, lines = table()
    guard = SpikeGuard(window=2)
    found = []
    for loss in (1.0, 1.2, 3.4, 3.2, 3.4, -5.0):
        net.loss = lambda loss=loss: loss
        net.forward()
        state.advance(net)
        found.append(guard.enjoy(net, state, lounge))
    assert found == [None] * 6
    assert lines.warnings == ["iteration 3: the loss is 3.4, usual is 1.1"]


def test_usual_is_a_mean():
    """Jumps do not count; what is kept goes on."""
    net, state, lounge, _ = table()
    state.update_run(last_snapshot=Path("run/s.h5"))
    guard, found = SpikeGuard(window=3, factor=2.0), []
    for loss in (1.0, 2.0, 3.0, 4.1, 3.9, 4.0):
        net.loss = lambda loss=loss: loss
        state.advance(net)
        found.append(guard.enjoy(net, state, lounge))
        kept = guard.state_dict()
        guard = SpikeGuard(window=3, factor=2.0)
        guard.load_state_dict(kept)
    assert found == [None, None, None, Request(restore_last=True), None, None]
    usual = 2 + (3.9 - 2) / 3
    assert kept == {"usual": pytest.approx(usual + (4 - usual) / 3), "seen": 3, "restored": 1}


def test_it_needs_a_folder():
    """There is nothing to go back to without one."""
    solver = Solver(
        SolverSpec(max_iter=1, coffee_breaks=[{"type": "SpikeGuard", "every_n_iter": 1}])
    )
    with pytest.raises(SpecError, match="a SpikeGuard needs a place\n  give the solver an exp_dir"):
        solve(solver, FakeNet(), reporter=Lines())
