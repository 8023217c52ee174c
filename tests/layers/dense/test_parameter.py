"""Parameter through the layer harness, and in nets."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import SpecError
from graphnet.layers.dense.parameter import Parameter
from graphnet.net.load_net import load_net
from graphnet.params.initializers import Constant, Gaussian


def spec(**keys):
    return Parameter(name="p", tops=("y",), **keys)


CASES = [
    LayerCase(spec(shape=shape), [], lambda _, params: [params["value"]], label=str(shape))
    for shape in [(3, 2), (4,), (2, 3, 1, 2), (1,)]
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The top is the param."""
    check_layer(case)


def test_declarations():
    """0 at the start, unless it is said otherwise."""
    assert spec(shape=(2, 3)).param_decls([])["value"].init == Constant()
    assert spec(shape=(2,), value_init=Gaussian(std=0.5)).param_decls([])["value"].init == (
        Gaussian(std=0.5)
    )
    assert spec(shape=(2,), param_key="shared").store_key == "shared"


@pytest.mark.parametrize("shape", [(), (0, 2), (-1,)])
def test_shapes_of_nothing(shape):
    """There is at least one number."""
    with pytest.raises(SpecError, match="shape"):
        spec(shape=shape)


def layers(batch_size):
    """A net that has a penalty on a parameter beside a loss of its data."""
    x = np.random.default_rng(3).standard_normal((6, 3))
    return [
        {"name": "data", "type": "MemoryData", "batch_size": batch_size, "tops": ["x"],
         "data": {"x": x.tolist()}},
        {"name": "p", "type": "Parameter", "shape": [5, 2], "tops": ["p"],
         "value_init": {"type": "Constant", "value": 2.0}},
        {"name": "far", "type": "SumLoss", "bottoms": ["p"]},
        {"name": "ip", "type": "InnerProduct", "output_dim": 2, "bottoms": ["x"], "tops": ["ip"]},
        {"name": "loss", "type": "SumLoss", "bottoms": ["ip"]},
    ]  # fmt: skip


def test_all_of_it_counts():
    """Whatever the batch is: its rows are no samples."""
    for phase in ("train", "test"):
        net = load_net({"name": "n", "layers": layers(4)}, phase, dtype="float64")
        net.forward()
        assert net.losses()["far"] == 4.0
    assert net.evaluate().statistics["far"] == pytest.approx(4.0)  # batches of 4 and of 2
    net = load_net({"name": "n", "layers": layers(4)}, "train", dtype="float64")
    net.forward()
    net.backward()
    np.testing.assert_array_equal(net.params["p"]["value"].diff, np.full((5, 2), 1 / 5))


def test_predict_gives_it():
    """As it is, for any number of rows."""
    net = load_net({"name": "n", "layers": layers(4)}, "test")
    for n in (1, 3, 200):
        found = net.predict({"x": np.zeros((n, 3))}, outputs=["ip", "p"])
        assert found["ip"].shape == (n, 2)
        assert found["p"].shape[1:] == (2,)
