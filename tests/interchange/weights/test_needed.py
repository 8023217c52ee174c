"""What a net has to be filled with."""

import pytest
from support.weight_files import NET, SHAPES

from graphnet.errors import GraphnetError
from graphnet.interchange.weights.needed import compiled_phases, declarations, needed_by
from graphnet.net.spec import read_net


def test_params_and_running_statistics():
    """In the order of the net, with their places among what the layer declares."""
    nets = compiled_phases(read_net(NET))
    found = needed_by(nets)
    assert {n.path: n.shape for n in found} == SHAPES
    assert [n.path for n in found] == list(SHAPES)
    assert {n.path for n in found if n.group == "state"} == {"bn/mean", "bn/variance"}
    assert [(n.layer_type, n.index) for n in found[2:6]] == [("BatchNorm", i) for i in range(4)]
    assert declarations(nets).keys() == SHAPES.keys()


def layer(name, **keys):
    return {"name": name, "type": "InnerProduct", "output_dim": 2, "bottoms": ["x"],
            "tops": [name], **keys}  # fmt: skip


INPUT = {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": [3]}, "tops": ["x"]}


def test_both_phases_and_shared_params():
    """A layer of one phase counts, and shared params count once."""
    layers = [INPUT, layer("a", param_key="k"), layer("b", param_key="k"),
              layer("c", phase="train")]  # fmt: skip
    found = needed_by(compiled_phases(read_net(layers)))
    assert [n.path for n in found] == ["k/weight", "k/bias", "c/weight", "c/bias"]


def test_what_batches_hand_on_is_no_part_of_a_model():
    """The state of a stateful layer belongs to a net."""
    sequence = INPUT | {"shapes": {"x": [4, 3]}}
    lstm = {"name": "l", "type": "LSTM", "output_dim": 2, "stateful": True, "bottoms": ["x"],
            "tops": ["h"]}  # fmt: skip
    found = needed_by(compiled_phases(read_net([sequence, lstm])))
    assert [n.name for n in found] == ["weight_x", "weight_h", "bias"]


def test_a_net_that_cannot_be_compiled():
    """Its own message."""
    with pytest.raises(GraphnetError, match="'y'"):
        compiled_phases(read_net([INPUT, layer("a", bottoms=["y"])]))
