"""nets/tiny-gpt.yaml: the same bits on any number of ranks and after resuming, and on one page."""

from __future__ import annotations

import numpy as np
import pytest
from support.shipped_nets import ROOT, shrunk, solver_of
from support.thread_ranks import all_of

import graphnet as gn
from graphnet.net.load_net import load_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut, load_sharded_net
from graphnet.solver.reporter import SilentReporter


def test_it_fits_on_a_page():
    """Four blocks, or as many as one likes, in 60 lines."""
    assert len((ROOT / "nets/tiny-gpt.yaml").read_text("utf-8").splitlines()) <= 60


def trained_on(ranks, shards):
    """The params after three updates, on each rank."""

    def work(communicator):
        net = load_sharded_net(shrunk("tiny-gpt"), shards, communicator, "numpy", threads=1)
        gn.solve(solver_of("tiny-gpt", max_iter=3), net, reporter=SilentReporter())
        params = net.store.data.copy()
        net.close()
        return params

    return [work(LocalCommunicator())] if ranks == 1 else all_of(ranks, work)


def test_ranks_change_no_bit():
    """A batch of 8 in four shards, on one, two and four ranks."""
    (expected,) = trained_on(1, 4)
    assert np.isfinite(expected).all()
    for ranks in (2, 4):
        for found in trained_on(ranks, 4):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shards", [2, 3])
def test_shards_are_the_whole_batch(shards):
    """To rounding: each sample has the dropout it has in the whole batch."""
    whole = load_net(shrunk("tiny-gpt"), dtype="float64", threads=1)
    whole.forward_backward()
    expected, loss = whole.store.diff.copy(), float(whole.loss())
    whole.close()
    again = load_net(shrunk("tiny-gpt"), dtype="float64", threads=1)
    parts = cut(again, shards, LocalCommunicator())
    parts.forward_backward()
    np.testing.assert_allclose(parts.store.diff, expected, rtol=0, atol=1e-12)
    assert float(parts.loss()) == pytest.approx(loss, rel=1e-12)
    parts.close()


def test_it_goes_on_bit_for_bit(tmp_path):
    """Three updates and three more are six: params, text and dropout."""

    def run(folder, max_iter):
        net = load_net(shrunk("tiny-gpt"), keep="needed")
        solver = solver_of("tiny-gpt", max_iter=max_iter, exp_dir=str(folder))
        gn.solve(solver, net, reporter=SilentReporter())
        params = net.store.data.copy()
        net.close()
        return params

    expected = run(tmp_path / "whole", 6)
    run(tmp_path / "parts", 3)
    np.testing.assert_array_equal(run(tmp_path / "parts", 6), expected)
