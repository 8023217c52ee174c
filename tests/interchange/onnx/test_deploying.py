"""Nets as they are deployed: what becomes of data, losses, statistics and outputs."""

import pytest
from support.onnx_files import net_of

from graphnet.errors import GraphnetError
from graphnet.interchange.onnx.deploying import ROWS, all_problems, deployed
from graphnet.net.spec import read_net

IP = {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"], "tops": ["score"]}
SHAPES = {"x": [4], "label": []}


def types(net):
    """Each layer's name and type."""
    return [(node.name, node.spec.type) for node in net.spec.nodes]


def test_a_softmax_loss_is_a_softmax():
    """Under the layer's name; labels and what measures are gone."""
    net = deployed(
        net_of(
            SHAPES,
            IP,
            {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["score", "label"]},
            {"name": "accuracy", "type": "Accuracy", "bottoms": ["score", "label"]},
        ),
        "test",
    )
    assert types(net) == [("in", "Input"), ("ip", "InnerProduct"), ("loss", "Softmax")]
    assert net.outputs == ["prob"]
    assert net.notes == ["loss: the Softmax of its loss gives 'prob'"]
    feed = net.spec.nodes[0].spec
    assert (feed.tops, feed.batch_size, dict(feed.shapes)) == (("x",), ROWS, {"x": (4,)})


@pytest.mark.parametrize(
    ("loss", "made"),
    [
        ({"type": "SoftmaxLoss", "bottoms": ["score", "label"]}, ["prob"]),
        ({"type": "HingeLoss", "bottoms": ["score", "target"]}, ["score"]),
        ({"type": "SigmoidCrossEntropyLoss", "bottoms": ["score", "target"]}, ["prob"]),
        ({"type": "SquareLoss", "bottoms": ["score", "target"]}, ["score"]),
    ],
)
def test_losses(loss, made):
    """Those of scores give probabilities; the others leave what they read."""
    net = deployed(net_of(SHAPES | {"target": [3]}, IP, {"name": "loss"} | loss), "test")
    assert net.outputs == made


def test_a_softmax_that_is_there_is_not_made_twice():
    """Nor does its name clash."""
    soft = {"name": "p", "type": "Softmax", "bottoms": ["score"], "tops": ["prob"]}
    loss = {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["score", "label"]}
    assert deployed(net_of(SHAPES, IP, soft, loss), "test").outputs == ["prob"]
    other = {"name": "p", "type": "Tanh", "bottoms": ["score"], "tops": ["prob"]}
    net = deployed(net_of(SHAPES, IP, other, loss), "test")
    assert net.outputs == ["prob", "loss.prob"]


def test_a_silence():
    """What it reads is no output."""
    cut = {
        "name": "cut",
        "type": "Slice",
        "slice_points": [1],
        "bottoms": ["x"],
        "tops": ["a", "b"],
    }
    silence = {"name": "s", "type": "Silence", "bottoms": ["b"]}
    assert deployed(net_of({"x": [4]}, cut, silence), "test").outputs == ["a"]
    silence["bottoms"] = ["a", "b"]
    with pytest.raises(GraphnetError, match="phase test gives nothing"):
        deployed(net_of({"x": [4]}, cut, silence), "test")


def test_two_losses():
    """Each has its own probabilities."""
    other = {"name": "two", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"],
             "tops": ["other"]}  # fmt: skip
    losses = [
        {"name": f"loss{i}", "type": "SoftmaxLoss", "bottoms": [b, "label"]}
        for i, b in enumerate(("score", "other"))
    ]
    assert deployed(net_of(SHAPES, IP, other, *losses), "test").outputs == ["prob", "loss1.prob"]


def test_what_only_makes_labels_is_left_out():
    """It depends on no param, and a loss alone reads it."""
    hot = {"name": "hot", "type": "Index2Onehot", "n_class": 3, "bottoms": ["label"],
           "tops": ["onehot"]}  # fmt: skip
    loss = {"name": "loss", "type": "SquareLoss", "bottoms": ["score", "onehot"]}
    net = deployed(net_of(SHAPES, IP, hot, loss), "test")
    assert types(net) == [("in", "Input"), ("ip", "InnerProduct")]
    # without the loss it is what the net is for
    assert deployed(net_of(SHAPES, IP, hot), "test").outputs == ["score", "onehot"]


def test_noise_and_outputs():
    """A mask is left out, random numbers are fed, and what is handed out is given."""
    net = deployed(
        net_of(
            {"x": [4]},
            {"name": "eps", "type": "RandomNormal", "shape": [4], "batch_sizes": [2],
             "tops": ["eps"]},
            {"name": "noisy", "type": "RandomMask", "bottoms": ["x"], "tops": ["noisy"]},
            {"name": "sum", "type": "ElementWise", "bottoms": ["noisy", "eps"], "tops": ["sum"]},
            {"name": "ip", "type": "InnerProduct", "output_dim": 1, "bottoms": ["sum"],
             "tops": ["y"]},
            {"name": "out", "type": "MemoryOutput", "bottoms": ["sum"]},
        ),
        "test",
    )  # fmt: skip
    assert [kind for _, kind in types(net)] == ["Input", "Input", "Identity", "ElementWise",
                                                "InnerProduct"]  # fmt: skip
    assert net.outputs == ["sum", "y"]
    assert "no noise" in net.notes[0]


def test_blobs_that_are_asked_for():
    """What they do not depend on goes; one that is not there is named."""
    two = {"name": "two", "type": "Tanh", "bottoms": ["score"], "tops": ["t"]}
    three = {"name": "three", "type": "AbsVal", "bottoms": ["z"], "tops": ["a"]}
    spec = net_of({"x": [4], "z": [2]}, IP, two, three)
    net = deployed(spec, "test", ["score"])
    assert (types(net), net.outputs) == ([("in", "Input"), ("ip", "InnerProduct")], ["score"])
    assert net.spec.nodes[0].spec.tops == ("x",)
    with pytest.raises(GraphnetError, match="no layer computes a blob 'scor'\n  did you mean"):
        deployed(spec, "test", ["scor"])


def test_a_net_that_computes_nothing():
    """Is refused."""
    with pytest.raises(GraphnetError, match="phase train has no layer that computes"):
        deployed(read_net([{"name": "in", "type": "Input", "batch_size": 1, "shapes": {"x": [2]},
                            "tops": ["x"]}]), "train")  # fmt: skip
    loss = {"name": "loss", "type": "SquareLoss", "bottoms": ["x", "y"]}
    with pytest.raises(GraphnetError, match="phase test has no layer that computes"):
        deployed(net_of({"x": [2], "y": [2]}, loss), "test")


def test_problems_are_one_error():
    """All of them."""
    found = all_problems([GraphnetError("one"), GraphnetError("two")])
    assert str(found) == "one\ntwo"
