"""Silence does nothing."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig

from graphnet.layers.base import Kind
from graphnet.layers.outputs.silence import Silence
from graphnet.net.load_net import load_net


@pytest.mark.parametrize("shapes", [[(3, 2)], [(3,), (2, 3, 4, 5)]])
def test_layer(shapes):
    """It takes any bottoms, leaves them as they are and sends no gradient."""
    spec = Silence(name="unused", bottoms=tuple(f"x{i}" for i in range(len(shapes))))
    assert len(shapes) in spec.n_bottoms
    assert 0 in spec.n_tops
    assert spec.kind is Kind.OUTPUT
    assert spec.differentiable(len(shapes)) == ()
    assert Rig(LayerCase(spec, shapes, lambda _b, _p: [])).run() == {}


def test_silent_blobs_are_no_outputs():
    """What it reads is no longer among the net's predictions."""
    layers = [
        {"name": "data", "type": "Input", "batch_size": 2, "shapes": {"x": [4]}, "tops": ["x"]},
        {"name": "slice", "type": "Slice", "bottoms": ["x"], "tops": ["a", "b"]},
    ]
    x = np.arange(8.0).reshape(2, 4)
    assert set(load_net(layers, phase="test").predict({"x": x})) == {"a", "b"}
    layers.append({"name": "unused", "type": "Silence", "bottoms": ["b"]})
    assert set(load_net(layers, phase="test").predict({"x": x})) == {"a"}
