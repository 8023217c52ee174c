"""Net.predict: the layers that depend on what is fed, for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest
from support.nets import INPUT, net_of

from graphnet.declare.lossless import real_array
from graphnet.errors import DataError, ShapeError, TopologyError

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
