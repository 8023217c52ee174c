"""Blobs of recurrent layers: which are turned round, and what may work on them."""

import pytest
from support.caffe_nets import translated

NET = """
layer { name: "in" type: "Input" top: "x" top: "cont" top: "other"
  input_param { shape { dim: [4, 3, 5] } shape { dim: [4, 3] } shape { dim: [2, 6] } } }
layer { name: "lstm" type: "LSTM" bottom: "x" bottom: "cont" top: "h"
  recurrent_param { num_output: 2 } }
layer { name: "o" type: "ReLU" bottom: "other" top: "o" }
%s
"""


BY_TIME = """type: "SoftmaxWithLoss" bottom: "h" bottom: "cont" top: "s"
softmax_param { axis: 2 } loss_param { normalization: BATCH_SIZE }"""


def net(text=""):
    return translated(NET % text)


def test_what_is_turned_round():
    """What recurrent layers read and make, and what is made of that; nothing else."""
    found = net(
        'layer { name: "ip" type: "InnerProduct" bottom: "h" top: "s"'
        " inner_product_param { num_output: 4 axis: -1 } }"
    )
    assert not found.problems
    assert found.time_first == {"x", "cont", "h", "s"}
    batches = {
        top: (layer["batch_size"], layer["shapes"][top])
        for layer in found.layers[0].made.layers
        for top in layer["tops"]
    }
    assert batches == {"x": (3, [4, 5]), "cont": (3, [4]), "other": (2, [6])}
    assert "'x' is (N, T, …) here" in found.layers[0].made.notes[0]


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ('type: "Softmax" bottom: "h" top: "s"', "works on axis 1 of blobs that are (T, N, …)"),
        ('type: "Flatten" bottom: "h" top: "s"', "leave the first two axes alone"),
        (BY_TIME, "divides by the first axis"),
    ],
)  # fmt: skip
def test_what_works_on_the_first_axes(layer, said):
    """Is refused."""
    (problem,) = net(f'layer {{ name: "l" {layer} }}').problems
    assert said in problem.message
