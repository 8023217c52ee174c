"""JoinSamples through the layer harness, and nets that compute whole batches."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import DataError, GraphnetError, ShapeError
from graphnet.layers.shape.join_samples import JoinSamples
from graphnet.net.load_net import load_net
from graphnet.net.predicting.predict import check_rows_apart
from graphnet.net.spec import read_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import load_sharded_net


def spec(**keys):
    return JoinSamples(name="join", bottoms=("x",), tops=("y",), **keys)


def joined(*shape):
    return lambda bottoms, _: [bottoms[0].reshape(shape)]


@pytest.mark.parametrize(
    "case",
    [
        LayerCase(spec(), [(4, 3)], joined(1, 4, 3)),
        LayerCase(spec(), [(5,)], joined(1, 5)),
        LayerCase(spec(size=2), [(4, 3, 2)], joined(2, 2, 3, 2), label="pairs"),
        LayerCase(spec(size=3), [(6,)], joined(2, 3), label="threes"),
        LayerCase(spec(size=1), [(3, 2, 2, 4)], joined(3, 1, 2, 2, 4), label="one by one"),
    ],
    ids=str,
)
def test_layer(case):
    """Rows that follow each other are parts of one."""
    check_layer(case)


def test_sizes_that_do_not_divide():
    """The message names the axis."""
    with pytest.raises(ShapeError, match="cannot be joined by 3\n  expected a size that divides 4"):
        spec(size=3).top_shapes([(4, 2)])


NET = [
    {"name": "data", "type": "MemoryData", "batch_size": 4, "tops": ["x", "label"],
     "data": {"x": np.arange(30.0).reshape(10, 3).tolist(), "label": [0.0] * 10}},
    {"name": "join", "type": "JoinSamples", "bottoms": ["x"], "tops": ["all"]},
    {"name": "rank", "type": "Softmax", "axis": 1, "bottoms": ["all"], "tops": ["of_all"]},
    {"name": "part", "type": "PartSamples", "bottoms": ["of_all"], "tops": ["y"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 2, "bottoms": ["y"], "tops": ["ip"]},
    {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["ip", "label"]},
]  # fmt: skip


def test_predicts_all_rows_as_one_batch():
    """However many there are; what comes out is a softmax over all of them."""
    net = load_net({"name": "n", "layers": NET}, "test", dtype="float64")
    x = np.random.default_rng(1).standard_normal((300, 3))
    found = net.predict({"x": x}, outputs=["y"])["y"]
    powers = np.exp(x - x.max(axis=0))
    np.testing.assert_allclose(found, powers / powers.sum(axis=0), rtol=1e-12)


def test_refuses_what_is_no_whole_batch():
    """The last batch of 2 rows beside others of 4, shards, and rows of a file one by one."""
    net = load_net({"name": "n", "layers": NET}, "test")
    with pytest.raises(DataError, match="the last batch has 2 of 4"):
        net.evaluate()
    with pytest.raises(GraphnetError, match="samples of a batch together"):
        load_sharded_net(read_net({"name": "n", "layers": NET}), 2, LocalCommunicator())
    with pytest.raises(GraphnetError, match=r"use net\.predict from Python"):
        check_rows_apart(net.compiled.spec)
