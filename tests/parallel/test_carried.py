"""State that each shard hands to its next batch."""

import numpy as np
import pytest
from support.thread_ranks import all_of

from graphnet.errors import SpecError
from graphnet.net.load_net import load_net
from graphnet.parallel.carried import Carried
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut
from graphnet.parallel.shards import Shards

ROWS = np.arange(24.0).reshape(6, 2, 2)


def net_of(batch_size):
    return load_net(
        [
            {"name": "data", "type": "MemoryData", "batch_size": batch_size, "tops": ["x"]}
            | {"data": {"x": ROWS.tolist()}},
            {"name": "rnn", "type": "RNN", "output_dim": 3, "stateful": True}
            | {"bottoms": ["x"], "tops": ["h"]},
        ],
        dtype="float64",
        threads=1,
    )


def test_rows_of_a_shard():
    """Several shards use the same memory one after the other."""
    whole, part = net_of(6), net_of(2)
    state = whole.store.state["rnn"]["hidden"]
    state[...] = np.arange(18).reshape(6, 3)
    carried = Carried(whole.store, dict.fromkeys(range(3), part), Shards(3, 6))
    inner = part.store.state["rnn"]["hidden"]
    for shard in range(3):
        carried.enter(shard)
        assert inner[0, 0] == 6 * shard
        inner += 100
        carried.leave(shard)
    np.testing.assert_array_equal(state, np.arange(18).reshape(6, 3) + 100)


def test_collect():
    """Rank 0 has the rows of all, each as its rank left them."""

    def work(communicator):
        whole, part = net_of(6), net_of(1)
        shards = Shards(6, 6, communicator.rank, 3)
        carried = Carried(whole.store, dict.fromkeys(shards.own(), part), shards)
        state = whole.store.state["rnn"]["hidden"]
        state[...] = communicator.rank + 1
        carried.collect(communicator)
        return state[:, 0].tolist()

    assert all_of(3, work)[0] == [1, 1, 2, 2, 3, 3]


def test_a_store_made_for_another_net():
    """Its rows would not be those of the net's batch."""
    first = net_of(6)
    net = load_net(net_of(8).compiled.spec, share=first, threads=1)
    with pytest.raises(SpecError, match=r"layer 'rnn' \(RNN\): a snapshot would not hold"):
        cut(net, 4, LocalCommunicator())
