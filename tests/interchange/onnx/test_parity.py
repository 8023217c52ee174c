"""Comparing with onnxruntime."""

from contextlib import closing

import numpy as np
import pytest
from support.onnx_files import filled, needs_onnx, needs_runtime, net_of

from graphnet.errors import SpecError
from graphnet.interchange.onnx.deploying import deployed
from graphnet.interchange.onnx.exporting import onnx_graph, values_of
from graphnet.interchange.onnx.parity import compare, difference, inputs_for

IP = {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"], "tops": ["y"]}


def test_difference():
    """NaN equals NaN, an infinity itself; shapes count."""
    a = np.array([1.0, np.nan, np.inf])
    assert difference(a, a) == 0
    assert difference(a, np.array([1.5, np.nan, np.inf])) == 0.5
    assert difference(a, np.array([1.0, 2.0, np.inf])) == np.inf
    assert difference(np.zeros(2), np.zeros(3)) == np.inf


def test_inputs_are_of_a_kind_that_can_be_read():
    """Indices for Embed, also behind a Reshape; 0 and 1 where sequences go on."""
    spec = net_of(
        {"text": [4], "cont": [2], "x": [2]},
        {"name": "view", "type": "Reshape", "shape": [2, 2], "bottoms": ["text"], "tops": ["two"]},
        {"name": "e", "type": "Embed", "input_dim": 9, "output_dim": 3, "bottoms": ["two"],
         "tops": ["words"]},
        {"name": "r", "type": "RNN", "output_dim": 2, "bottoms": ["words", "cont"], "tops": ["h"]},
        {"name": "t", "type": "Tanh", "bottoms": ["x"], "tops": ["y"]},
    )  # fmt: skip
    fed = inputs_for(deployed(spec, "test"), np.random.default_rng(0), -1)
    assert set(np.unique(fed["text"])) <= set(range(9))
    assert fed["text"].max() > 1
    assert set(np.unique(fed["cont"])) <= {0, 1}
    assert fed["x"].min() < 0


@needs_onnx
@needs_runtime
def test_a_fault_is_found():
    """Other numbers than graphnet's are an error; the same ones are measured."""
    net = deployed(net_of({"x": [4]}, IP), "test")
    with closing(filled(net)) as running:
        graph = onnx_graph(net, "test", values_of(running))
        content = graph.model_bytes("1")
        found = compare(content, net, graph.given, running)
        assert found.relative < 1e-6
        running.store.params["ip"]["bias"].data[...] += 1
        with pytest.raises(SpecError, match="blob 'y' is not the same in onnxruntime"):
            compare(content, net, graph.given, running)
        with pytest.raises(SpecError, match="onnxruntime cannot run what was made"):
            compare(content[:50], net, graph.given, running)
