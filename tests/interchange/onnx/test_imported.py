"""What was imported: rows, text, neurons."""

import numpy as np
from support.onnx_files import needs_onnx
from support.onnx_models import imported, model_of

from graphnet.net.spec import read_net


@needs_onnx
def test_neurons_join():
    """If they alone read what a layer makes; not if it is an output, or read twice."""
    weight = {"w": np.ones((3, 2), np.float32)}
    nodes = [("Gemm", "x,w", "h"), ("Relu", "h", "y")]
    made = imported(model_of(nodes, {"x": [1, 3]}, weight))
    assert made.layers()[1]["neuron"] == {"type": "ReLU"}
    assert made.neurons == {"relu": "gemm"}
    assert made.rows()[1] == ("Relu", "Relu", "neuron of gemm", "")
    made = imported(model_of(nodes, {"x": [1, 3]}, weight, ["h", "y"]))
    assert not made.neurons
    made = imported(model_of([*nodes, ("Sum", "h,y", "z")], {"x": [1, 3]}, weight, ["z"]))
    assert not made.neurons


@needs_onnx
def test_text():
    """A net as people write it, with its notes."""
    weights = {"w": np.ones((1, 4, 3), np.float32), "r": np.ones((1, 4, 4), np.float32)}
    model = model_of([("RNN", "x,w,r", "y", {"hidden_size": 4})], {"x": [5, 1, 3]}, weights)
    made = imported(model)
    text = made.text("m.onnx")
    assert "# From m.onnx, a net of ONNX.\n# x: its axes are (T, N, …) in ONNX" in text
    assert "  - {name: rnn, type: RNN, output_dim: 4, bias: false, bottoms: [x], tops: [y]}" in text
    assert [n.name for n in read_net(text).nodes] == ["input", "rnn"]
