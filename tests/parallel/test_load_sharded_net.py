"""Loading a net to be computed in shards."""

import os

import numpy as np
import pytest

from graphnet.errors import ShapeError, SpecError
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut, load_sharded_net
from tests.parallel.recipe import layers, write_data


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)


def test_params_are_those_of_the_whole_net():
    """They start as they would without shards."""
    whole = load_net(layers(16), seed=3)
    sharded = load_sharded_net(read_net(layers(16)), 4, LocalCommunicator(), seed=3)
    np.testing.assert_array_equal(sharded.store.data, whole.store.data)
    assert sharded.yaml_text == whole.yaml_text
    assert sharded.data_fingerprints() == whole.data_fingerprints()
    assert sharded.data_summary() == whole.data_summary()
    assert (sharded.name, sharded.phase, sharded.n_samples) == ("net", "train", whole.n_samples)
    sharded.check_trainable()
    for net in (whole, sharded):
        net.close()


def test_a_batch_that_would_not_fit_as_a_whole():
    """Memory is needed for the rows of a shard alone."""
    net = read_net(layers(64))
    whole = load_net(net, keep="needed")
    limit = whole.planned_bytes // 2
    with pytest.raises(ShapeError, match="memory"):
        load_net(net, keep="needed", memory_limit=limit)
    sharded = load_sharded_net(net, 8, LocalCommunicator(), memory_limit=limit)
    assert sharded.planned_bytes < limit
    with pytest.raises(ShapeError, match="memory"):
        load_sharded_net(net, 1, LocalCommunicator(), memory_limit=limit)
    whole.close()
    sharded.close()


def test_a_loaded_net_is_cut_in_place():
    """The params stay where they are, whatever has been done to them."""
    whole = load_net(layers(16))
    sharded = cut(whole, 4, LocalCommunicator())
    assert sharded.store is whole.store
    assert sharded.context.seed == whole.context.seed
    whole.close()
    sharded.close()


def test_ranks_of_a_machine_share_its_processors(monkeypatch):
    """Each computes in its part of them, at least in one thread."""

    class OneOfFour(LocalCommunicator):
        local_size = 4

    job = OneOfFour()
    for n_processors, expected in ((16, 4), (2, 1)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=n_processors: range(n))
        net = load_sharded_net(read_net(layers(16)), 2, job, "numpy")
        assert net.backend.threads == expected
        net.close()


def test_only_nets_can_be_cut():
    """A net of the user's own kind is computed whole."""
    with pytest.raises(SpecError, match="shards: a dict cannot be cut into 2"):
        cut({}, 2, LocalCommunicator())
