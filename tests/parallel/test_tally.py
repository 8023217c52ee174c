"""The numbers that travel with the gradient."""

import numpy as np
import pytest

from graphnet.net.load_net import load_net
from graphnet.parallel.shards import Shards
from graphnet.parallel.tally import Tally, running_statistics

NET = [
    {"name": "data", "type": "MemoryData", "batch_size": 3, "tops": ["x"]}
    | {"data": {"x": [[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]]}},
    {"name": "bn", "type": "BatchNorm", "bottoms": ["x"], "tops": ["y"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 2, "bottoms": ["y"], "tops": ["z"]},
    {"name": "loss", "type": "SquareLoss", "bottoms": ["z", "x"]},
]


@pytest.fixture(name="net")
def _net():
    return load_net(NET, dtype="float64", threads=1)


def test_sums_of_shards(net):
    """Losses and running statistics are means weighted by rows, statistics and ballots sums."""
    shards = Shards(2, 4)  # as if a shard had two rows of four
    tally = Tally(net.store, net, shards)
    tally.ballot[:] = (1, 0, 2)
    tally.begin()
    total, expected_loss, means = 0.0, [], []
    for shard in (0, 1):
        tally.rewind(net)
        assert running_statistics(net.store)[0].tolist() == [0, 0]
        net.params["ip"]["bias"].data[...] = shard  # another loss
        net.forward()
        tally.give(shard, net)
        total = total + tally.array.copy()
        expected_loss.append(net.loss())
        means.append(net.store.state["bn"]["mean"].copy())
    tally.array[...] = total
    tally.end()
    assert tally.losses == {"loss": pytest.approx(np.mean(expected_loss), rel=1e-15)}
    np.testing.assert_allclose(net.store.state["bn"]["mean"], np.mean(means, axis=0))
    assert tally.sums["loss"][-1] == 6  # rows counted
    assert tally.counted.tolist() == [1, 0, 2]


def test_sums_go_on(net):
    """Statistics are counted from batch to batch."""
    tally = Tally(net.store, net, Shards(1, 3))
    for n in (1, 2):
        tally.begin()
        tally.rewind(net)
        net.forward()
        tally.give(0, net)
        tally.end()
        assert tally.sums["loss"][-1] == 3 * n
