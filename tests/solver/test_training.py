# ruff: noqa: ARG001, ARG005, D102  # breaks take what the contract hands them
"""The loop, and the ways out of it."""

import os
import signal

import numpy as np
import pytest
from support.fake_net import FakeNet
from support.lines import Lines

from graphnet.errors import BreakError, DivergedError, SnapshotError
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.coffee.training_summary import TrainingSummary
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.request import Request
from graphnet.solver.signals import Interrupted
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec


class Probe(CoffeeBreak):
    """Writes down when it was called, and does what it is told at an iteration."""

    def __init__(self, actions=None):
        self.log, self.actions = [], actions or {}

    def open(self, net, state, lounge):
        self.log.append("open")

    def enjoy(self, net, state, lounge):
        self.log.append(state.iter)
        if state.iter in self.actions:
            return self.actions[state.iter](net, state, lounge)
        return None

    def close(self, net, state, lounge):
        self.log.append("close")


def make_solver(*breaks, **keys):
    defaults = {"max_iter": 4, "lr_policy": {"type": "Fixed", "base_lr": 0.05}}
    solver = Solver(SolverSpec(**defaults | keys))
    for break_ in breaks:
        solver.add_coffee_break(break_, every_n_iter=1)
    return solver


def run(solver, net=None, **keywords):
    reporter = Lines()
    state = solve(solver, net or FakeNet(), reporter=reporter, **keywords)
    return state, reporter


def test_loop_does_what_it_says():
    """Forward, backward, update, then the breaks; the loss is that of the batch used."""
    net, order, losses = FakeNet(), [], {}
    for name in ("forward", "backward"):
        method = getattr(net, name)
        setattr(net, name, lambda _m=method, _n=name: (order.append(_n), _m()))

    def look(net, state, lounge):
        order.append(state.iter)
        losses[state.iter] = (state.obj_val, net.loss() if state.iter else None)

    actions = {0: look, 1: look, 2: look}
    state, _ = run(make_solver(Probe(actions), max_iter=2), net)
    assert order == [0, "forward", "backward", 1, "forward", "backward", 2]
    assert losses[1][0] == losses[1][1]
    assert state.obj_val == losses[2][1]
    assert state.iter == 2


def test_policies_are_asked_for_the_update():
    """Update t uses the policies' values at t, times what the breaks have made of it."""
    seen = {}

    def halve(net, state, lounge):
        seen[state.iter] = (state.lr, state.momentum)
        state.lr_scale *= 0.5

    run(
        make_solver(
            Probe(dict.fromkeys(range(5), halve)),
            lr_policy={"type": "Exp", "base_lr": 1e-3, "gamma": 0.5},
            mom_policy={
                "type": "Linear",
                "momentum": 0.1,
                "gamma": 0.1,
                "stepsize": 2,
                "max_momentum": 0.2,
            },
        )
    )
    assert seen[1] == pytest.approx((1e-3 * 0.5 * 0.5, 0.1))
    assert seen[2] == pytest.approx((1e-3 * 0.25 * 0.25, 0.2))


def test_epoch_policies_use_the_epoch_the_batch_began_in():
    """With 10 samples in batches of 4, update 3 begins in epoch 0 and ends in epoch 1."""
    seen = {}
    probe = Probe({i: lambda n, s, _l: seen.update({s.iter: (s.epoch, s.lr)}) for i in range(5)})
    policy = {"type": "Exp", "base_lr": 1.0, "gamma": 0.1, "unit": "epoch"}
    run(make_solver(probe, lr_policy=policy), FakeNet(learn=1e-6))
    assert seen[3] == (1, 1.0)
    assert seen[4] == (1, 0.1)


def test_context_tells_the_layers_the_iteration():
    """The first forward has iteration 0; accumulated batches count their samples on."""
    net, seen = FakeNet(), []
    forward = net.forward
    net.forward = lambda: (
        seen.append((net.context.iteration, net.context.first_sample)),
        forward(),
    )
    run(make_solver(max_iter=2, iter_size=3), net)
    assert seen == [(0, 0), (0, 4), (0, 8), (1, 0), (1, 4), (1, 8)]
    assert net.context.first_sample == 0


def test_accumulated_batches_are_one_large_batch():
    """Two batches of 2 give the params, and the loss, of one of 4."""
    large, small = (FakeNet(batch_size=n, centred=False) for n in (4, 2))
    one, _ = run(make_solver(max_iter=6), large)
    two, _ = run(make_solver(max_iter=6, iter_size=2), small)
    np.testing.assert_allclose(large.store.data, small.store.data, rtol=1e-12)
    assert two.obj_val == pytest.approx(one.obj_val, rel=1e-12)


def test_max_epoch_ends_the_run():
    """After the iteration that delivers the last sample of the epoch."""
    state, _ = run(make_solver(max_iter=None, max_epoch=2))
    assert (state.iter, state.epoch) == (5, 2)


def test_breaks_fire_at_zero_and_are_closed():
    """Iteration 0 of a fresh run, each iteration, then close."""
    probe = Probe()
    run(make_solver(probe, max_iter=2))
    assert probe.log == ["open", 0, 1, 2, "close"]


def test_zero_iterations():
    """A run of no updates still looks once."""
    probe = Probe()
    state, _ = run(make_solver(probe, max_iter=0))
    assert probe.log == ["open", 0, "close"]
    assert np.isnan(state.obj_val)


def test_breaks_do_not_fire_again_where_a_run_goes_on(tmp_path):
    """They had their turn before the snapshot."""
    first, second = Probe(), Probe()
    run(make_solver(first, max_iter=2, exp_dir=str(tmp_path)))
    run(make_solver(second, max_iter=3, exp_dir=str(tmp_path)))
    assert second.log == ["open", 3, "close"]


def test_finished_run_says_so_and_does_nothing(tmp_path):
    """The net has the run's params, no break is opened, no byte is written."""
    net = FakeNet()
    first, _ = run(make_solver(exp_dir=str(tmp_path)), net)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in tmp_path.rglob("*.*")}
    probe, again = Probe(), FakeNet()
    state, reporter = run(make_solver(probe, exp_dir=str(tmp_path)), again)
    (text,) = reporter.lines
    assert text == (
        f"was finished before at iteration 4, epoch 1 ({tmp_path})\n"
        "  to go on, give a larger max_iter; "
        "solve with --fresh (in Python fresh=True) to start over"
    )
    assert (state.iter, state.obj_val) == (first.iter, first.obj_val)
    np.testing.assert_array_equal(again.store.data, net.store.data)
    assert probe.log == []
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in tmp_path.rglob("*.*")} == before


def test_a_break_that_raises_is_named_and_the_run_saved(tmp_path):
    """All breaks are closed, and the run goes on from there once it is repaired."""

    def spill(net, state, lounge):
        raise ZeroDivisionError("no beans")

    probe, other = Probe({2: spill}), Probe()
    solver = make_solver(probe, other, exp_dir=str(tmp_path))
    with pytest.raises(
        BreakError,
        match=r"coffee break 'Probe' failed at iteration 2: ZeroDivisionError: no beans\n"
        r"  the run is saved in .*snapshot-000002.h5: correct it and solve again, or set 'on_error",
    ) as error:
        run(solver)
    assert isinstance(error.value.__cause__, ZeroDivisionError)
    assert probe.log[-1] == other.log[-1] == "close"
    state, _ = run(make_solver(Probe(), exp_dir=str(tmp_path)))
    assert state.iter == 4


def test_a_break_that_raises_without_a_directory():
    """There is nothing to save; it is still named."""

    def spill(net, state, lounge):
        raise ValueError("x")

    with pytest.raises(
        BreakError, match=r"ValueError: x\n  correct it, or set 'on_error: continue'"
    ):
        run(make_solver(Probe({1: spill})))


def test_on_error_continue_skips():
    """With a warning each time, and the other breaks have their turn."""

    def spill(net, state, lounge):
        raise ValueError("x")

    first, second = Probe({1: spill}), Probe()
    state, reporter = run(make_solver(first, second, on_error="continue"))
    assert state.iter == 4
    assert second.log == ["open", 0, 1, 2, 3, 4, "close"]
    (warning,) = reporter.warnings
    assert warning == (
        "coffee break 'Probe' failed at iteration 1: ValueError: x\n"
        "  it is skipped (on_error: continue)"
    )


def test_numbers_too_large_are_no_warnings_in_breaks():
    """What becomes of them is for the guard to say, before the first iteration as well."""
    found = []

    def square(net, state, lounge):
        found.append(float(np.square(np.float32(1e38))))

    run(make_solver(Probe({0: square, 2: square, 4: square})))
    assert found == [np.inf] * 3


def test_divergence_is_found_and_the_last_snapshot_kept(tmp_path):
    """The guard every run has looks before a snapshot: bad numbers are never written."""

    def save(net, state, lounge):
        return Request(snapshot=True)

    def poison(net, state, lounge):
        net.store.params["out"]["scale"].data[0] = np.nan
        return Request(snapshot=True)

    solver = make_solver(Probe({1: save, 3: poison}), max_iter=9, exp_dir=str(tmp_path))
    with pytest.raises(
        DivergedError,
        match=r"at iteration 3 a param is not finite\n"
        r"  all was finite at iteration 1, the last looked at\n"
        r"  first layer with a value that is not finite: 'out'\n"
        r"  last good snapshot: .*snapshot-000001.h5\n  try a lower base_lr",
    ):
        run(solver)
    assert list(snapshots_in(tmp_path)) == [1]


def test_guard_looks_every_100_iterations():
    """Without any directory or break."""
    with pytest.raises(DivergedError, match="at iteration 100 the loss is nan"):
        run(make_solver(max_iter=300, lr_policy={"type": "Fixed", "base_lr": 1e6}))


def test_guard_looks_at_the_end():
    """A run of fewer iterations does not end with numbers that are none."""
    with pytest.raises(DivergedError, match="at iteration 60 the loss is"):
        run(make_solver(max_iter=60, lr_policy={"type": "Fixed", "base_lr": 1e9}))


def test_on_error_continue_does_not_skip_divergence():
    """There is nothing left to go on with."""
    solver = make_solver(
        max_iter=300, on_error="continue", lr_policy={"type": "Fixed", "base_lr": 1e6}
    )
    with pytest.raises(DivergedError, match="iteration 100"):
        run(solver)


def kill(number):
    return lambda net, state, lounge: os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_finishes_the_iteration_and_saves(tmp_path, number, exit_code):
    """The breaks after the signal still have their turn; solving again goes on."""
    after = Probe()
    solver = make_solver(Probe({2: kill(number)}), after, exp_dir=str(tmp_path))
    with pytest.raises(Interrupted, match=f"stopped by {number.name}; saved .*000002") as error:
        run(solver)
    assert error.value.exit_code == exit_code
    assert after.log == ["open", 0, 1, 2, "close"]
    assert list(snapshots_in(tmp_path)) == [2]
    state, reporter = run(make_solver(exp_dir=str(tmp_path)))
    assert state.iter == 4
    assert reporter.lines[0].startswith("going on from iteration 2 (")


def test_a_second_signal_stops_at_once(tmp_path):
    """Nothing more is computed or written; breaks are closed."""

    def twice(net, state, lounge):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    probe, after = Probe({2: twice}), Probe()
    with pytest.raises(Interrupted, match=r"stopped by SIGINT$"):
        run(make_solver(probe, after, exp_dir=str(tmp_path)))
    assert after.log == ["open", 0, 1, "close"]
    assert snapshots_in(tmp_path) == {}


def test_hangup_saves_and_goes_on(tmp_path):
    """The run ends where it should."""
    state, _ = run(make_solver(Probe({2: kill(signal.SIGHUP)}), exp_dir=str(tmp_path)))
    assert state.iter == 4
    assert list(snapshots_in(tmp_path)) == [2, 4]


def test_signal_without_a_directory():
    """Nothing can be saved, and the message does not say it was."""
    with pytest.raises(Interrupted, match=r"stopped by SIGTERM$"):
        run(make_solver(Probe({1: kill(signal.SIGTERM)})))


def test_close_that_raises_hides_no_error():
    """The first trouble is the one that is told; alone it is told, too."""

    class Clumsy(Probe):
        def close(self, net, state, lounge):
            raise ValueError("cup broken")

    def spill(net, state, lounge):
        raise ValueError("spilt")

    with pytest.raises(BreakError, match="spilt"):
        run(make_solver(Clumsy({1: spill})))
    with pytest.raises(BreakError, match=r"'Clumsy' failed at iteration 4: ValueError: cup broken"):
        run(make_solver(Clumsy()))


def test_full_disk_ends_the_run_with_the_old_snapshot_whole(tmp_path, monkeypatch):
    """And the message says what to do; when there is room again the run goes on."""

    def fill(net, state, lounge):
        def full(*_):
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(os, "write", full)
        return Request(snapshot=True)

    def save(net, state, lounge):
        return Request(snapshot=True)

    with monkeypatch.context(), pytest.raises(SnapshotError, match="the disk is full: make room"):
        run(make_solver(Probe({1: save, 2: fill}), exp_dir=str(tmp_path)))
    monkeypatch.undo()
    state, reporter = run(make_solver(exp_dir=str(tmp_path)))
    assert state.iter == 4
    assert "going on from iteration 1" in reporter.lines[0]


def test_reporter_follows_the_loop():
    """It is told the beginning, each iteration and the end."""
    _, reporter = run(make_solver(max_iter=3, iter_size=2))
    progress = reporter.progress
    assert (progress.first_iter, progress.last_iter, progress.samples_per_iter) == (0, 3, 8)
    assert reporter.steps == -3  # finished after three
    assert progress.state.iter == 3
    assert reporter.lines == [
        "finished at iteration 3, epoch 2",
        "nothing was saved: the solver has no exp_dir",
    ]


def test_reporter_is_finished_after_a_crash():
    """A progress line is not left on the terminal."""
    reporter = Lines()

    def spill(net, state, lounge):
        raise ValueError("x")

    with pytest.raises(BreakError, match="x"):
        solve(make_solver(Probe({2: spill})), FakeNet(), reporter=reporter)
    assert reporter.steps == -2


def test_summary_is_part_of_it(capsys):
    """By default the words go to standard output."""
    solve(make_solver(TrainingSummary(), max_iter=1), FakeNet())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("iter      1  epoch   0  obj_val ")
    assert lines[1] == "finished at iteration 1, epoch 0"


def test_requests_are_carried_out_when_all_breaks_had_their_turn(tmp_path):
    """A snapshot and a stop, from a break that is not the last; the snapshot has them all."""

    def enough(net, state, lounge):
        return Request(snapshot=True, stop="enough")

    after = Probe()
    state, reporter = run(make_solver(Probe({2: enough}), after, exp_dir=str(tmp_path)))
    assert (state.iter, state.stop_reason) == (2, "enough")
    assert after.log == ["open", 0, 1, 2, "close"]
    assert list(snapshots_in(tmp_path)) == [2]
    assert reporter.lines[-1].endswith(": enough")


def test_a_request_to_stop_before_the_first_iteration():
    """As an EarlyStopping makes that had ended the run before."""

    class Never(CoffeeBreak):
        def open(self, net, state, lounge):
            return Request(stop="never mind")

    solver = make_solver()
    solver.add_coffee_break(Never())
    state, _ = run(solver)
    assert (state.iter, state.stop_reason) == (0, "never mind")


def test_what_breaks_may_know_of_the_run(tmp_path):
    """Where it is, whether it goes on, and what it reads; what they say is heard."""
    seen = []

    def look(net, state, lounge):
        seen.append(state.run)
        state.run.say("a word")
        state.run.warn("a warning")
        return Request(snapshot=True)

    folder = tmp_path / "run"
    _, reporter = run(make_solver(Probe({1: look, 2: look}), max_iter=2, exp_dir=str(folder)))
    run(make_solver(Probe({3: look}), max_iter=3, iter_size=1, exp_dir=str(folder)))
    assert [info.folder for info in seen] == [folder] * 3
    assert [info.is_resumed for info in seen] == [False, False, True]
    found = [info.last_snapshot and info.last_snapshot.name for info in seen]
    assert found == [None, "snapshot-000001.h5", "snapshot-000002.h5"]
    assert seen[1].seconds_trained > seen[0].seconds_trained > 0
    assert seen[0].samples_per_iter == 4
    assert reporter.lines.count("a word") == reporter.warnings.count("a warning") == 2
