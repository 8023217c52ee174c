"""LSTM and RNN; what they compute is compared with a real Caffe in test_table.py."""

import numpy as np
import pytest
from support.caffe_nets import translated

NET = """
layer { name: "in" type: "Input" top: "x" top: "cont" top: "c"
  input_param { shape { dim: [4, 3, 5] } shape { dim: [4, 3] } shape { dim: [3, 6] } } }
layer { name: "l" type: "%s" bottom: "x" bottom: "cont" top: "y" %s
  recurrent_param { num_output: 2 %s } }
"""


def test_lstm():
    """The blobs in Caffe's order; no bias of the forget gate."""
    found = translated(NET % ("LSTM", "param { } param { lr_mult: 2 } param { lr_mult: 3 }", ""))
    entry = found.layers[1]
    (layer,) = entry.made.layers
    assert (layer["forget_bias"], layer["bias_lr"], layer["weight_h_lr"]) == (0, 2, 3)
    assert [(f.param, f.blobs) for f in entry.made.filled] == [
        ("weight_x", (0,)), ("bias", (1,)), ("weight_h", (2,)),
    ]  # fmt: skip
    assert entry.params["l", "weight_x"].shape == (8, 5)


def test_rnn():
    """What it gives is a layer behind it."""
    filler = 'weight_filler { type: "xavier" }'
    entry = translated(NET % ("RNN", "param { } " * 4 + "param { lr_mult: 7 }", filler)).layers[1]
    state, out = entry.made.layers
    assert (state["tops"], out["bottoms"], out["bias_lr"]) == (["y.state"], ["y.state"], 7)
    assert out["weight_init"] == {"type": "Xavier"}
    assert [f.blobs for f in entry.made.filled] == [(0,), (1,), (2,), (3,), (4,)]


def test_an_input_that_is_the_same_at_every_step():
    """It and its weight lie beside those of the steps."""
    entry = translated(NET % ("LSTM", 'bottom: "c"', "")).layers[1]
    layers = entry.made.layers
    assert [layer["type"] for layer in layers] == ["Reshape", "Tile", "Concat", "LSTM"]
    assert layers[-1]["bottoms"] == ["y.both", "cont"]
    assert entry.params["l", "weight_x"].shape == (8, 11)
    both, bias, state = entry.made.filled
    assert (both.blobs, bias.blobs, state.blobs) == ((0, 2), (1,), (3,))
    stored = [np.ones((8, 5)), np.zeros(8), np.full((8, 6), 2.0)]
    assert both.convert(stored)[0].tolist() == [1.0] * 5 + [2.0] * 6
    assert not any(key.startswith("still") for key in layers[-1])
    hidden = translated(NET % ("RNN", 'bottom: "c"', "")).layers[1].made
    assert [f.blobs for f in hidden.filled] == [(0, 2), (1,), (3,), (4,), (5,)]


@pytest.mark.parametrize(
    ("kind", "more", "keys", "said"),
    [
        ("LSTM", "", "expose_hidden: true", "has 1 tops, expected 3 with 'expose_hidden'"),
        ("RNN", 'top: "h"', "", "has 2 tops, expected 1 without 'expose_hidden'"),
        ("RNN", 'top: "h"', "expose_hidden: true", "with 'expose_hidden' it takes 3 or 4"),
        ("LSTM", 'bottom: "c" bottom: "c"', "", "has 4 bottoms"),
        ("LSTM", 'bottom: "c" param { } param { } param { decay_mult: 0 }', "",
         "has other rates for the weights of its third bottom"),
        ("RNN", 'param { name: "w" }', "", "shares params"),
        ("LSTM", "param { } " * 4, "", "has 'param' 4 times, but 3 blobs"),
    ],
)  # fmt: skip
def test_what_is_refused(kind, more, keys, said):
    """With the reason."""
    (problem,) = translated(NET % (kind, more, keys)).problems
    assert said in problem.message


def test_states_as_blobs():
    """They are bottoms and tops of the layer, which no gradient goes through, as in Caffe."""
    text = """
layer { name: "in" type: "Input" top: "x" top: "cont" top: "h0" top: "c0"
  input_param { shape { dim: [4, 3, 5] } shape { dim: [4, 3] } shape { dim: [1, 3, 2] }
    shape { dim: [1, 3, 2] } } }
layer { name: "l" type: "LSTM" bottom: "x" bottom: "cont" bottom: "h0" bottom: "c0"
  top: "y" top: "h" top: "c" recurrent_param { num_output: 2 expose_hidden: true } }
"""
    found = translated(text)
    assert not found.problems
    assert found.time_first == {"x", "cont", "h0", "c0", "y", "h", "c"}
    layers = found.layers[1].made.all_layers()
    lstm = next(layer for layer in layers if layer["type"] == "LSTM")
    assert lstm["bottoms"] == ["x", "cont", "l.hidden", "l.cell"]
    assert lstm["tops"] == ["y", "h.last", "c.last"]
    assert lstm["partial_resets"] is True
    assert [layer["type"] for layer in layers].count("StopGradient") == 4
    assert {top for layer in layers for top in layer["tops"]} >= {"h", "c"}


def test_one_step_of_gates_that_are_there():
    """LSTMUnit, part by part."""
    text = """
layer { name: "in" type: "Input" top: "c" top: "gates" top: "cont"
  input_param { shape { dim: [1, 3, 2] } shape { dim: [1, 3, 8] } shape { dim: [1, 3] } } }
layer { name: "l" type: "LSTMUnit" bottom: "c" bottom: "gates" bottom: "cont" top: "c1" top: "h1" }
"""
    layers = translated(text).layers[1].made.layers
    assert layers[0]["type"] == "Slice"
    assert layers[-1]["tops"] == ["h1"]
    assert next(layer for layer in layers if layer["tops"] == ["c1"])["operation"] == "Add"
