"""Nets that cannot share their params: where, and what made it so."""

from __future__ import annotations

import pytest

import graphnet as gn
from graphnet.errors import ShapeError

TRAIN = """
- {name: train, type: Input, phase: train, batch_size: 2, shapes: {x: [2], y: []}, tops: [x, y]}
- {name: test, type: Input, phase: test, batch_size: 5, shapes: {x: [3], y: []}, tops: [x, y]}
- {name: ip1, type: InnerProduct, output_dim: 4, neuron: ReLU, bottoms: [x], tops: [ip1]}
- {name: ip2, type: InnerProduct, output_dim: 4, bottoms: [ip1], tops: [ip2]}
- {name: loss, type: SoftmaxLoss, bottoms: [ip2, y]}
"""


def said(text, phase="test"):
    net = gn.load_net(text)
    with pytest.raises(ShapeError) as caught:  # noqa: PT011  # the whole message is looked at
        net.sibling(phase)
    return str(caught.value)


def test_the_first_blob_that_differs_is_named():
    """With its layer in both phases, and the layer whose params it changes."""
    assert said(TRAIN) == (
        "the text:4:3: layer 'ip1' (InnerProduct): its weight is 4×3 in phase test and 4×2 in"
        " phase train\n"
        "  that comes from 'x': a sample of it is 3 in phase test (layer 'test', line 3) and 2 in"
        " phase train (layer 'train', line 2)"
    )


def test_a_layer_of_one_phase():
    """Its params would never be trained."""
    text = TRAIN.replace("x: [3]", "x: [2]").replace("{name: ip2,", "{name: ip2, phase: train,")
    text = text.replace("{name: loss,", "{name: loss, phase: train,")
    text += (
        "- {name: ip3, type: InnerProduct, phase: test, output_dim: 2, bottoms: [ip1], tops: [z]}\n"
    )
    text += "- {name: test-loss, type: SoftmaxLoss, phase: test, bottoms: [z, y]}\n"
    assert said(text) == (
        "the text:7:3: layer 'ip3' (InnerProduct): phase train has no weight and bias of it, which"
        " phase test needs\n"
        "  a layer that is in phase test alone is never trained: give it no 'phase'"
    )


def test_a_layer_whose_own_keys_differ():
    """What comes from nothing before it is not put down to anything."""
    net = gn.load_net(TRAIN)
    other = TRAIN.replace("x: [3]", "x: [2]").replace("output_dim: 4", "output_dim: 5")
    with pytest.raises(ShapeError, match="its weight is 5×2 in") as caught:
        gn.load_net(other, "test", share=net)
    first, second = caught.value.problems
    assert "comes from" not in first.message
    assert "that comes from 'ip1': a sample of it is 5 in phase test (layer 'ip1'" in second.message
