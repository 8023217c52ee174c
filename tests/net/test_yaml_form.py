"""A layer as YAML: what makes it again, and no more."""

from __future__ import annotations

from support.nets import net_spec

import graphnet as gn
from graphnet.net.yaml_form import layer_dict


def test_defaults_are_left_out():
    """Name and type first; what differs from its default, at any depth, under its YAML key."""
    spec = gn.layers.Pooling(
        name="p",
        global_=True,
        pooling="Mean",
        neuron={"type": "LReLU", "slope": 0.2},
        bottoms=["x"],
    )
    assert list(layer_dict(spec).items())[:2] == [("name", "p"), ("type", "Pooling")]
    assert layer_dict(spec) == {
        "name": "p",
        "type": "Pooling",
        "bottoms": ["x"],
        "pooling": "Mean",
        "global": True,
        "neuron": {"type": "LReLU", "slope": 0.2},
    }


def test_it_makes_the_same_layer_again():
    """As a snapshot's net does."""
    (node,) = net_spec(
        "- {name: c, type: Convolution, n_filter: 2, kernel: [3, 5], filter_init: Gaussian,"
        " bias: false, bottoms: [x], tops: [c]}"
    ).nodes
    assert type(node.spec)(**layer_dict(node.spec)) == node.spec
