"""Shards on a backend whose arrays are in a device's memory, over a stand-in for CuPy."""

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy
from support.thread_ranks import all_of

from graphnet.backend import open_backend
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.net.spec import read_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import load_sharded_net
from tests.parallel.recipe import layers, write_data

pytestmark = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)


def gradient(communicator, *, sync, backend=None):
    """Of the second batch, with the loss and the running statistics, on the host."""
    made = backend or CupyBackend(FakeCupy())
    net = load_sharded_net(read_net(layers(10, sync=sync)), 4, communicator, made, threads=1)
    for iteration in range(2):
        net.context.iteration = iteration
        net.forward_backward()
    found = [net.store.diff, *net.store.state["bn"].values()]
    loss, statistics = net.loss(), net.statistics()
    net.close()
    return [made.download(array) for array in found], loss, statistics


@pytest.mark.parametrize("sync", [False, True])
def test_ranks_with_a_device_each(sync):
    """The bits of one process, and nearly those of NumPy."""
    arrays, loss, statistics = gradient(LocalCommunicator(), sync=sync)
    for other, other_loss, other_statistics in all_of(2, lambda c: gradient(c, sync=sync)):
        assert (other_loss, other_statistics) == (loss, statistics)
        for a, b in zip(arrays, other, strict=True):
            np.testing.assert_array_equal(a, b)
    host, host_loss, _ = gradient(LocalCommunicator(), sync=sync, backend=open_backend("numpy", 1))
    assert loss == pytest.approx(host_loss, rel=1e-5)
    for a, b in zip(arrays, host, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
