"""Net.predict: the layers that depend on what is fed, for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest
from support.nets import INPUT, net_of

import graphnet as gn
from graphnet.declare.lossless import real_array
from graphnet.errors import DataError, ShapeError, SpecError, TopologyError
from graphnet.net.predicting.predict import check_rows_apart, mixing_layer

TEXT = f"""
    - {INPUT}
    - {{name: a, type: InnerProduct, output_dim: 6, neuron: Tanh, bottoms: [x], tops: [a]}}
    - {{name: drop, type: Dropout, phase: train, bottoms: [a]}}
    - {{name: b, type: InnerProduct, output_dim: 3, bottoms: [a], tops: [b]}}
    - {{name: loss, type: SoftmaxLoss, bottoms: [b, label]}}
    - {{name: prob, type: Softmax, phase: test, bottoms: [b], tops: [prob]}}
    - {{name: extra, type: ElementWise, operation: Add, bottoms: [b, label2], tops: [odd]}}
    - {{name: label2, type: ElementWise, operation: Add, bottoms: [b, b], tops: [label2]}}
"""


def reference(net, x):
    weight = {k: v["weight"].data for k, v in net.params.items()}
    scores = np.tanh(x @ weight["a"].T) @ weight["b"].T
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n_rows", [1, 4, 256, 300])
def test_any_number_of_rows(n_rows):
    """More rows than a batch are run in several, the last one filled up and cut off."""
    net = net_of(TEXT)
    x = np.random.default_rng(0).standard_normal((n_rows, 5))
    out = net.predict({"x": x})
    assert set(out) == {"prob", "odd"}
    np.testing.assert_allclose(out["prob"], reference(net, x), rtol=1e-4, atol=1e-6)


def test_it_follows_the_params_and_leaves_the_net_alone():
    """Assigning params changes the next prediction; blobs of the net are untouched."""
    net = net_of(TEXT)
    before = net.blobs["x"].data.copy()
    x = np.ones((2, 5))
    first = net.predict({"x": x})["prob"]
    net.params["b"]["bias"].data[...] = [5, 0, 0]
    assert (net.predict({"x": x})["prob"][:, 0] > first[:, 0]).all()
    np.testing.assert_array_equal(net.blobs["x"].data, before)


def test_an_inner_blob_can_be_fed():
    """Feeding `b` runs only what lies behind it."""
    out = net_of(TEXT).predict({"b": np.zeros((2, 3))})
    np.testing.assert_allclose(out["prob"], 1 / 3, rtol=1e-6)


def test_mistakes_are_named():
    """A wrong row shape, a forgotten batch axis, a blob nothing depends on."""
    net = net_of(TEXT)
    with pytest.raises(ShapeError, match=r"'x' has the shape \(2, 4\), expected \(n, 5\)$"):
        net.predict({"x": np.zeros((2, 4))})
    with pytest.raises(ShapeError, match=r"add a batch axis: x\[None\]"):
        net.predict({"x": np.zeros(5)})
    with pytest.raises(ShapeError, match="disagree on the number of rows"):
        net.predict({"x": np.zeros((2, 5)), "label": np.zeros(3)})
    with pytest.raises(TopologyError, match="no layer in phase test that depends on 'label'"):
        net.predict({"label": np.zeros(3)})


def test_what_cannot_be_made_an_array():
    """An array of a device is not fetched unasked; NumPy's reason is told."""

    class OnDevice:
        def __array__(self, *_, **__):
            raise TypeError("implicit conversion is not allowed")

    with pytest.raises(DataError, match="'x': it cannot be made an array of NumPy's: implicit"):
        real_array(OnDevice(), "'x'")
    np.testing.assert_array_equal(real_array([[1, 2]], "'x'"), [[1, 2]])


HALVED = {"shapes": {"x": [4]}, "transformers": {"x": [{"type": "Scale", "scale": 0.5}]}}
SCALED = [
    {"name": "d", "type": "MemoryData", "batch_size": 2, "tops": ["x"], **HALVED},
    {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"], "tops": ["ip"]},
    {"name": "t", "type": "Tanh", "bottoms": ["ip"], "tops": ["t"]},
    {"name": "s", "type": "Softmax", "bottoms": ["t"], "tops": ["s"]},
]


def test_rows_as_they_are_stored():
    """With raw=False the transformers of the data layer come first."""
    net = gn.load_net({"layers": SCALED})
    rows = np.arange(1200, dtype=np.uint8).reshape(300, 4)
    found = net.predict({"x": rows}, raw=False)["s"]
    np.testing.assert_array_equal(found, net.predict(rows * np.float32(0.5))["s"])
    with pytest.raises(gn.ShapeError, match="'x' is a single number"):
        net.predict({"x": np.float32(1)}, raw=False)
    bad = rows.astype("f8")
    bad[299, 1] = np.nan
    with pytest.raises(gn.DataError, match="row 299: a value of 'x' is nan"):
        net.predict({"x": bad}, raw=False)


def test_outputs_can_be_chosen():
    """Any blobs that what is fed makes, in the order asked for."""
    net = gn.load_net({"layers": SCALED})
    rows = np.random.default_rng(0).random((5, 4), "f4")
    every = net.predict(rows, outputs=["t", "ip", "s", "t"])
    assert list(every) == ["t", "ip", "s"]
    np.testing.assert_array_equal(every["t"], np.tanh(every["ip"]))
    np.testing.assert_array_equal(net.predict(rows)["s"], every["s"])
    assert list(net.predict(rows, outputs="ip")) == ["ip"]
    assert list(net.predict({"ip": every["ip"]}, outputs=["t"])) == ["t"]


@pytest.mark.parametrize(
    ("fed", "outputs", "error", "message"),
    [
        ("x", ["ipp"], gn.SpecError, "has no blob 'ipp'\n  did you mean 'ip'"),
        (
            "t",
            ["ip"],
            gn.TopologyError,
            "'ip' of net 'net' cannot be computed .*\n  these can: .*s",
        ),
        ("x", [], gn.SpecError, "no output is asked for"),
    ],
)
def test_outputs_that_cannot_be_had(fed, outputs, error, message):
    """Are told with those that can."""
    net = gn.load_net({"layers": SCALED})
    with pytest.raises(error, match=message):
        net.predict({fed: np.zeros((2, 4 if fed == "x" else 3), "f4")}, outputs=outputs)


def parted(*more):
    """A net that has three rows for each sample."""
    layers = [
        {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": [3, 4]}, "tops": ["x"]},
        {"name": "part", "type": "PartSamples", "bottoms": ["x"], "tops": ["y"]},
        *more,
    ]
    return gn.load_net({"name": "n", "layers": layers}, "test")


def test_rows_that_are_no_samples():
    """A layer that parts samples computes none of them together."""
    net = parted()
    assert mixing_layer(net.compiled.spec) is None
    check_rows_apart(net.compiled.spec)


def test_samples_that_are_computed_together():
    """The layer is named with its place in the net."""
    net = parted({"name": "all", "type": "JoinSamples", "bottoms": ["y"], "tops": ["z"]})
    assert mixing_layer(net.compiled.spec).name == "all"
    with pytest.raises(SpecError, match=r"layer 'all' .*computes the samples of a batch together"):
        check_rows_apart(net.compiled.spec)
    found = net.predict(np.arange(60.0).reshape(5, 3, 4))["z"]
    assert found.shape == (1, 15, 4)
    assert found[0, 14].tolist() == [56, 57, 58, 59]
