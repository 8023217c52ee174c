"""The nets of estimators: made of sizes, or a user's own with its data layers taken out."""

from __future__ import annotations

import pytest

from graphnet.errors import GraphnetError
from graphnet.estimators.declared import declared_net, perceptron
from graphnet.layers.base import Kind
from graphnet.net.spec import read_net

ROOT_NETS = "nets"
DENSE = {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"], "tops": ["ip"]}
LOSS = {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["ip", "y"]}


def types(spec):
    """The types of its layers, in order."""
    return [node.spec.type for node in spec.nodes]


def test_a_perceptron_of_hidden_sizes():
    """One layer for each, then the outputs and the loss."""
    net = perceptron((20, 10), "Tanh", 3, (4,), of_classes=True)
    assert types(net.spec) == ["InnerProduct"] * 3 + ["SoftmaxLoss", "Softmax"]
    sizes = [n.spec.output_dim for n in net.spec.nodes[:3]]
    assert (sizes, net.output, net.row_shape) == ([20, 10, 3], "prob", (4,))
    neurons = [n.spec.activation for n in net.spec.nodes[:3]]
    assert [n and n.type for n in neurons] == ["Tanh", "Tanh", None]


def test_no_hidden_layer_is_a_linear_model():
    """Nothing but the outputs."""
    net = perceptron((), "ReLU", 1, (4,), of_classes=False)
    assert types(net.spec) == ["InnerProduct", "SquareLoss"]


def test_training_reads_arrays_in_place_of_the_data_layers():
    """Data layers, statistics and losses of the test phase alone are left out."""
    net = declared_net("nets/iris.yaml", (4,), None)
    training = net.training_spec(150, 50, weighted=False)
    assert types(training) == ["MemoryData", *["InnerProduct"] * 3, "SoftmaxLoss", "Softmax"]
    assert training.nodes[0].tops == ("data", "label")
    assert training.nodes[0].spec.shuffle
    assert not net.training_spec(150, 150, weighted=False).nodes[0].spec.shuffle


def test_weights_come_in_before_the_losses():
    """Each bottom of a loss that learns is weighed."""
    net = declared_net([DENSE, LOSS], (4,), None).training_spec(9, 9, weighted=True)
    loss = next(n for n in net.nodes if n.spec.kind is Kind.LOSS)
    assert types(net)[2] == "RowWeights"
    assert loss.bottoms == ("loss.weighed0", "y")


def test_scores_get_the_softmax_they_lack():
    """So that what is predicted are probabilities."""
    net = declared_net([DENSE, LOSS], (4,), None)
    assert (types(net.spec)[-1], net.output) == ("Softmax", "prob")


def test_the_shape_that_a_data_layer_declares():
    """A flat row of as many numbers is seen in it."""
    data = {"name": "d", "type": "MemoryData", "batch_size": 1, "tops": ["x", "y"],
            "shapes": {"x": [1, 2, 3], "y": [1]}}  # fmt: skip
    assert declared_net([data, DENSE, LOSS], (6,), None).row_shape == (1, 2, 3)
    assert declared_net([data, DENSE, LOSS], (5,), None).row_shape == (5,)
    assert declared_net([DENSE, LOSS], (6,), (3, 2, 1)).row_shape == (3, 2, 1)


def test_a_net_that_was_read_before():
    """Is taken as it is."""
    assert declared_net(read_net([DENSE, LOSS]), (4,), None).input == "x"


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([DENSE], "has no loss in phase train"),
        ([DENSE, LOSS | {"bottoms": ["ip", "x"]}], "reads 'x' .* and nothing for its losses"),
        ([DENSE, DENSE | {"name": "b", "bottoms": ["z"], "tops": ["b"]}, LOSS], "'x', 'z'"),
        (
            [
                DENSE,
                DENSE | {"name": "b", "tops": ["b"]},
                DENSE | {"name": "c", "tops": ["c"]},
                LOSS,
            ],
            "gives 'ip', 'b', 'c' in phase test",
        ),
    ],
)
def test_nets_that_fit_no_estimator(layers, said):
    """The message says what is missing or too much."""
    with pytest.raises(GraphnetError, match=said):
        declared_net(layers, (4,), None)


def test_a_shape_that_the_rows_cannot_have():
    """Both counts are told."""
    with pytest.raises(GraphnetError, match="is 6 numbers, but a row of X has 4"):
        declared_net([DENSE, LOSS], (4,), (2, 3))
