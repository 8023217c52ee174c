"""Nets of today: each on one page; the same bits on any number of ranks and after resuming."""

from __future__ import annotations

import numpy as np
import pytest
from support.onnx_files import assert_close, both, needs_onnx, needs_runtime
from support.shipped_nets import ROOT, samples_of, shrunk, solver_of, trained_on

import graphnet as gn
from graphnet.net.load_net import load_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut
from graphnet.solver.reporter import SilentReporter

#: How many numbers each learns.
PARAMS = {
    "ctc-digits": 42_891,
    "gru-adding": 3425,
    "mixer-mnist": 58_814,
    "tiny-gpt": 813_312,
    "unet-digits": 117_243,
}
#: Those in which a sample's loss depends on the others of its shard.
NORMALISED_BY_BATCH = {"unet-digits"}


@pytest.mark.parametrize("name", PARAMS)
def test_it_fits_on_a_page(name):
    """As many blocks as one likes, in 60 lines; and it has the params that docs/nets.md says."""
    assert len((ROOT / f"nets/{name}.yaml").read_text("utf-8").splitlines()) <= 60
    net = load_net(shrunk(name))
    assert sum(param.data.size for _, _, param in net.store.items()) == PARAMS[name]
    net.close()


@pytest.mark.parametrize("name", PARAMS)
def test_ranks_change_no_bit(name):
    """A batch of 8 in four shards, on one, two and four ranks."""
    (expected,) = trained_on(name, 1, 4, 3)
    assert np.isfinite(expected).all()
    for ranks in (2, 4):
        for found in trained_on(name, ranks, 4, 3):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", sorted(PARAMS.keys() - NORMALISED_BY_BATCH))
@pytest.mark.parametrize("shards", [2, 3])
def test_shards_are_the_whole_batch(name, shards):
    """To rounding: each sample has the dropout it has in the whole batch."""
    whole, again = (load_net(shrunk(name), dtype="float64", threads=1) for _ in range(2))
    # with biases of 0, what lies beside a digit is at the kink of its ReLU
    whole.store.data[:] += np.random.default_rng(0).normal(0, 0.01, whole.store.data.shape)
    again.store.data[:] = whole.store.data
    whole.forward_backward()
    expected, loss = whole.store.diff.copy(), float(whole.loss())
    whole.close()
    parts = cut(again, shards, LocalCommunicator())
    parts.forward_backward()
    np.testing.assert_allclose(parts.store.diff, expected, rtol=0, atol=1e-12)
    assert float(parts.loss()) == pytest.approx(loss, rel=1e-12)
    parts.close()


@pytest.mark.parametrize("name", PARAMS)
def test_it_goes_on_bit_for_bit(name, tmp_path):
    """Three updates and three more are six: params, data and dropout."""

    def run(folder, max_iter):
        net = load_net(shrunk(name), keep="needed")
        solver = solver_of(name, max_iter=max_iter, exp_dir=str(folder))
        gn.solve(solver, net, reporter=SilentReporter())
        params = net.store.data.copy()
        net.close()
        return params

    expected = run(tmp_path / "whole", 6)
    run(tmp_path / "parts", 3)
    np.testing.assert_array_equal(run(tmp_path / "parts", 6), expected)


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("name", sorted(PARAMS.keys() - {"tiny-gpt"}))
def test_onnxruntime_answers_as_it_does(name):
    """Of rows it may be asked about, with every output."""
    spec = shrunk(name)
    first = next(iter(samples_of(spec, "test-data").values()))[:2]
    scale = 1 if name == "gru-adding" else 255
    tensors = {"data": first.astype(np.float64) / scale}
    ours, found = both(spec, tensors)
    assert ours
    # a BatchNorm that has seen nothing divides by the root of its epsilon: roundings grow with it
    relative = 1e-3 if name in NORMALISED_BY_BATCH else 1e-5
    for output, expected in ours.items():
        assert_close(found[output], expected, relative)
