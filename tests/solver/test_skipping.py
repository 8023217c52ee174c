"""What a skipped update leaves of a batch that is cut into shards: nothing."""

from __future__ import annotations

import numpy as np
import pytest
from support.fake_net import FakeNet

from graphnet.net.spec import read_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import load_sharded_net
from graphnet.solver.loss_scale import LossScale
from graphnet.solver.skipping import Skipping
from graphnet.solver.spikes import SpikeWatch
from tests.parallel.recipe import layers, write_data


def test_nobody_looks_unasked():
    """A scale that stays asks for no norm."""
    net = FakeNet()
    assert not Skipping(net, None, None).looks
    assert not Skipping(net, LossScale(8.0), None).looks
    assert Skipping(net, LossScale("dynamic"), None).looks
    assert Skipping(net, None, SpikeWatch(3.0)).looks


def test_the_net_is_told_the_scale():
    """Before each pass."""
    net = FakeNet()
    Skipping(net, LossScale(8.0), None).begin()
    assert net.context.loss_scale == 8.0


def test_an_overflow_is_no_spike():
    """The usual length does not learn of it."""
    net, spikes = FakeNet(), SpikeWatch(3.0)
    skipping = Skipping(net, LossScale("dynamic"), spikes)
    net.run_batch()
    assert skipping.reason(1.0, None) == ""
    assert skipping.reason(np.inf, None).startswith("at a loss scale of 65,536 ")
    assert (spikes.skipped, spikes.seen) == (0, 1)


@pytest.mark.parametrize("sync", [False, True])
def test_running_statistics_of_shards(tmp_path, monkeypatch, sync):
    """They are what they were, and the next batch goes on from there."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)
    ends = []
    for n_skipped in (0, 2):
        net = load_sharded_net(
            read_net(layers(16, sync=sync)), 4, LocalCommunicator(), "numpy", threads=1
        )
        skipping = Skipping(net, None, SpikeWatch(2.0))
        net.run_batch()
        before = {name: array.copy() for name, array in net.store.state["bn"].items()}
        cursors = net.state_dict()["cursors"]
        for _ in range(n_skipped):
            skipping.begin()
            net.run_batch()
            moved = any((net.store.state["bn"][k] != before[k]).any() for k in before)
            assert moved
            skipping.reason(1.0, None)
            assert skipping.reason(np.nan, None)
            for name, array in before.items():
                np.testing.assert_array_equal(net.store.state["bn"][name], array)
        net.load_state_dict({"cursors": cursors})
        net.run_batch()
        ends.append({name: array.copy() for name, array in net.store.state["bn"].items()})
        net.close()
    for name, array in ends[0].items():
        assert ends[1][name].tobytes() == array.tobytes(), name
