"""Updates that are skipped: which, what they leave, and that a run in parts skips the same."""

import numpy as np
import pytest
from support.fake_net import FakeNet
from support.lines import Lines

from graphnet.errors import DivergedError
from graphnet.solver import spikes
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec
from graphnet.solver.spikes import SpikeWatch
from tests.parallel.recipe import layers, write_data
from tests.parallel.runs import train_on


def test_which_is_a_spike():
    """One that is longer than factor times the mean of 50; skipped ones do not count."""
    watch = SpikeWatch(3.0)
    lengths = np.random.default_rng(0).uniform(0.5, 1.5, 50)
    assert not any(watch.is_spike(length) for length in [*lengths[:49], 500.0])
    usual = np.mean([*lengths[:49], 500.0])
    assert watch.usual == pytest.approx(usual)
    assert watch.is_spike(3.01 * usual)
    assert watch.usual == pytest.approx(usual)
    assert not watch.is_spike(2.99 * usual)
    assert watch.usual == pytest.approx(usual + 1.99 * usual / 50)
    assert (watch.skipped, watch.in_a_row) == (1, 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(bad):
    """At once, except for the first; after ten in a row the guard is left to find it."""
    watch = SpikeWatch(3.0)
    assert not watch.is_spike(bad)
    assert not watch.is_spike(1.0)
    assert [watch.is_spike(bad) for _ in range(12)] == [True] * 10 + [False, True]
    assert not watch.is_spike(1.0)
    assert watch.usual == 1.0


def test_a_new_length_is_the_usual_one_after_ten():
    """A run does not stand still for ever."""
    watch = SpikeWatch(2.0)
    for _ in range(50):
        watch.is_spike(1.0)
    assert [watch.is_spike(9.0) for _ in range(12)] == [True] * 10 + [False, False]
    assert watch.usual == 9.0


def test_it_goes_on_from_what_was_kept():
    """Each number of it."""
    rng, whole, part = np.random.default_rng(1), SpikeWatch(1.2), SpikeWatch(1.2)
    lengths = rng.uniform(0.5, 1.5, 120)
    found = [whole.is_spike(length) for length in lengths]
    again = [part.is_spike(length) for length in lengths[:70]]
    other = SpikeWatch(1.2)
    other.load_state_dict(part.state_dict())
    assert again + [other.is_spike(length) for length in lengths[70:]] == found
    assert other.state_dict() == whole.state_dict()
    assert 0 < whole.skipped < 60


class Spiky(FakeNet):
    """Whose gradient and loss are multiplied at some iterations."""

    last: FakeNet
    at: dict[int, float] = {}  # noqa: RUF012  # a test's own

    def backward(self):
        """With a longer gradient."""
        super().backward()
        self.store.diff[...] *= self.at.get(self.context.iteration, 1.0)

    def loss(self):
        """Which is no number where the gradient is none."""
        factor = self.at.get(self.context.iteration, 1.0)
        return super().loss() * (factor if np.isnan(factor) else 1.0)


def trained(n, folder=None, at=None, method="SGD", **keys):
    net = Spiky.last = Spiky()
    net.at = at or {}
    breaks = [{"type": "DivergenceGuard", "every_n_iter": 1}]
    breaks += [{"type": "Snapshot", "every_n_iter": 5}] if folder else []
    rate = {"type": "Fixed", "base_lr": 0.05}
    spec = SolverSpec(
        max_iter=n, exp_dir=folder, lr_policy=rate, coffee_breaks=breaks, method=method, **keys
    )
    reporter = Lines()
    state = solve(Solver(spec), net, reporter=reporter)
    return net.store.data.copy(), state, reporter


@pytest.fixture
def short(monkeypatch):
    """A length is usual after five."""
    monkeypatch.setattr(spikes, "WINDOW", 5)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("factor", [1e6, np.nan, -1e9])
@pytest.mark.parametrize("method", ["SGD", "Adam"])
def test_a_run_passes_over_it(tmp_path, factor, method):
    """Params are those before; snapshot and guard take the loss as it is; it is said once."""
    keys = {"method": method, "skip_spikes": 100.0}
    before, _, _ = trained(10, at={}, **keys)
    here, state, reporter = trained(11, str(tmp_path / "run"), {10: factor}, **keys)
    np.testing.assert_array_equal(here, before)
    assert (state.skipped, state.is_last_skipped, state.iter) == (1, True, 11)
    (said,) = reporter.warnings
    assert said.startswith("iteration 11: the gradient has a norm of ")
    assert said.endswith("; this update is skipped")
    state_after = Spiky.last.store.state["ip"]["mean"].copy()
    trained(10, at={}, **keys)
    np.testing.assert_array_equal(state_after, Spiky.last.store.state["ip"]["mean"])
    if not np.isnan(factor):
        assert " times the usual" in said
    after, state, _ = trained(14, at={10: factor}, **keys)
    assert np.isfinite(after).all()
    assert not state.is_last_skipped


@pytest.mark.usefixtures("short")
def test_it_is_not_in_the_way():
    """A run without spikes has the bits it has without the key."""
    plain, state, _ = trained(12)
    assert state.skipped == 0
    watched, state, _ = trained(12, skip_spikes=1000.0)
    assert watched.tobytes() == plain.tobytes()
    assert state.skipped == 0


@pytest.mark.usefixtures("short")
def test_in_parts(tmp_path):
    """A run that goes on skips what it would have skipped."""
    at, keys = {8: 1e3, 13: 1e3}, {"skip_spikes": 20.0}
    whole, state, _ = trained(20, str(tmp_path / "whole"), at, **keys)
    assert state.skipped == 2
    for n in (9, 12, 20):
        parts, state, _ = trained(n, str(tmp_path / "parts"), at, **keys)
    assert parts.tobytes() == whole.tobytes()
    assert state.skipped == 2
    names = [tmp_path / run / "snapshots" / "snapshot-000020.h5" for run in ("whole", "parts")]
    assert names[0].read_bytes() == names[1].read_bytes()


def test_without_it_the_run_diverges():
    """As it did."""
    with pytest.raises(DivergedError, match="at iteration 11"):
        trained(12, at={10: np.nan})


@pytest.mark.usefixtures("short")
def test_ranks_skip_the_same(tmp_path, monkeypatch):
    """In the bits of one process."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)
    found = []
    for ranks in (1, 2):
        keys = {"skip_spikes": 1.1, "coffee_breaks": [], "exp_dir": f"run{ranks}"}
        ends = train_on(ranks, layers(16), 14, 4, **keys)
        file = tmp_path / f"run{ranks}" / "snapshots" / "snapshot-000014.h5"
        found.append((file.read_bytes(), {end["ip/weight"].tobytes() for end in ends}))
    assert found[0][1] == found[1][1]
    assert len(found[0][1]) == 1
    assert b'"skipped":0.0' not in found[0][0]
    assert b'"skipped":' in found[0][0]
