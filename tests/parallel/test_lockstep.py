# ruff: noqa: D102  # the layer contract says what each method does
"""Shards run abreast: what layers share between them is the weighted mean."""

from typing import Literal

import numpy as np
import pytest
from support.thread_ranks import all_of

from graphnet.errors import DataError
from graphnet.layers.base import Layer, LayerSpec, PassStage
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut
from graphnet.parallel.lockstep import meets

X = np.arange(14.0).reshape(7, 2).tolist()


class Centred(LayerSpec):
    """Takes the batch's mean away."""

    type: Literal["Centred"] = "Centred"
    fails: bool = False

    def top_shapes(self, bottoms):
        return [bottoms[0]]

    def meets_shards(self, phase):
        return True

    def build(self, binding):
        return CentredLayer(self, binding)


class CentredLayer(Layer):
    """Runs it; the gradient is centred as well."""

    def setup(self):
        self.mean = np.zeros(2)

    def find(self):
        if self.spec.fails:
            raise DataError("no mean")
        self.bottoms[0].data.mean(axis=0, out=self.mean)

    def take_away(self):
        np.subtract(self.bottoms[0].data, self.mean, out=self.tops[0].data)

    def forward(self):
        self.find()
        self.take_away()

    def forward_stages(self):
        return [PassStage(self.find, self.mean), PassStage(self.take_away)]

    def backward(self):
        self.find_back()
        self.take_away_back()

    def find_back(self):
        self.tops[0].diff.sum(axis=0, out=self.mean)

    def take_away_back(self):
        mean = self.mean / len(self.tops[0].diff)
        np.subtract(self.tops[0].diff, mean, out=self.bottoms[0].diff)

    def backward_stages(self):
        return [PassStage(self.find_back, self.mean), PassStage(self.take_away_back)]


def net_of(**keys):
    shared = {"type": "InnerProduct", "output_dim": 2, "param_key": "w"}
    return read_net(
        [
            {"name": "data", "type": "MemoryData", "batch_size": 7, "tops": ["x"]}
            | {"data": {"x": X}},
            {"name": "a", **shared, "bottoms": ["x"], "tops": ["a"]},
            {"name": "b", **shared, "bottoms": ["a"], "tops": ["b"]},
            Centred(name="c", bottoms=("b",), tops=("c",), **keys),
            {"name": "loss", "type": "SquareLoss", "bottoms": ["c", "x"]},
        ]
    )


@pytest.mark.parametrize(("count", "ranks"), [(2, 1), (3, 1), (3, 3), (4, 2)])
def test_the_whole_batch_is_centred(count, ranks):
    """Uneven shards, shared params and several ranks: as if the batch were in one piece."""
    whole = load_net(net_of(), dtype="float64", threads=1)
    whole.forward_backward()

    def work(communicator):
        net = cut(load_net(net_of(), dtype="float64", threads=1), count, communicator)
        net.forward_backward()
        return net.store.diff.copy(), net.loss()

    for diff, loss in [work(LocalCommunicator())] if ranks == 1 else all_of(ranks, work):
        np.testing.assert_allclose(diff, whole.store.diff, rtol=1e-9, atol=1e-12)
        assert loss == pytest.approx(whole.loss())


def test_which_nets_need_it():
    """Those with a layer that says so, in this phase."""
    assert meets(load_net(net_of()).compiled)
    bn = {"name": "bn", "type": "BatchNorm", "bottoms": ["x"], "tops": ["y"]}
    data = {"name": "data", "type": "MemoryData", "batch_size": 7, "tops": ["x"], "data": {"x": X}}
    for keys, phase, expected in (
        ({}, "train", False),
        ({"sync": True}, "train", True),
        ({"sync": True}, "test", False),
        ({"sync": True, "use_global_stats": True}, "train", False),
    ):
        assert meets(load_net([data, {**bn, **keys}], phase).compiled) is expected


def test_an_error_has_its_place():
    """The layer is named, as in a net that is not cut."""
    net = cut(load_net(net_of(fails=True), dtype="float64", threads=1), 2, LocalCommunicator())
    with pytest.raises(DataError, match=r"layer 'c' \(Centred\): no mean"):
        net.forward_backward()
