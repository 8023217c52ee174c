"""Layers along the batch axis, in whole nets; which they are is tested with shapes."""

import numpy as np
from support.caffe_nets import translated

from graphnet.net.load_net import load_net

NET = """
layer { name: "in" type: "Input" top: "x" top: "z"
  input_param { shape { dim: [2, 3] } shape { dim: [4, 3] } } }
layer { name: "both" type: "Concat" bottom: "x" bottom: "z" top: "b" concat_param { axis: 0 } }
layer { name: "rank" type: "Softmax" bottom: "b" top: "r" softmax_param { axis: 0 } }
layer { name: "parts" type: "Slice" bottom: "r" top: "p" top: "q"
  slice_param { axis: 0 slice_point: 1 } }
"""


def test_a_net_of_them():
    """Batches of two sizes, one behind the other; a softmax over all samples; two parts."""
    found = translated(NET)
    assert not found.problems
    layers = [layer for entry in found.layers for layer in entry.made.all_layers()]
    net = load_net({"name": "n", "layers": layers}, "test", dtype="float64")
    rng = np.random.default_rng(5)
    x, z = rng.standard_normal((2, 3)), rng.standard_normal((4, 3))
    net.blobs["x"].data, net.blobs["z"].data = x, z
    net.forward()
    powers = np.exp(np.concatenate([x, z]))
    wanted = powers / powers.sum(axis=0)
    np.testing.assert_allclose(net.blobs["p"].data, wanted[:1])
    np.testing.assert_allclose(net.blobs["q"].data, wanted[1:])


def test_names_of_shapes_in_messages_are_caffes():
    """Without the axis that is put before them."""
    text = NET.replace("slice_param { axis: 0", "slice_param { axis: 7")
    (problem,) = translated(text).problems
    assert "has the shape 6×3\n  expected -2 to 1" in problem.message
