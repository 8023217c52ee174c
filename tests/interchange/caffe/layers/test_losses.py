"""Losses and Accuracy."""

import pytest
from support.caffe_nets import INPUTS, layers_of, one, refused, translated

SOFTMAX = 'type: "SoftmaxWithLoss" bottom: "s" bottom: "%s" top: "loss" %s'


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("", {"axis": 1, "divisor": "valid", "loss_weight": 1.0}),
        ("loss_weight: 0.3", {"loss_weight": 0.3}),
        ("loss_weight: -2", {"loss_weight": -2.0}),
        ("loss_param { ignore_label: 255 normalization: FULL }",
         {"divisor": "full", "ignore_label": 255}),
        ("loss_param { normalize: false }", {"divisor": "batch_size"}),
        ("loss_param { normalize: false normalization: NONE }", {"divisor": "none"}),
    ],
)  # fmt: skip
def test_softmax_loss(keys, wanted):
    """Old and new keys of what it is divided by."""
    assert one(SOFTMAX % ("label", keys)).items() >= wanted.items()


def test_labels_of_other_shapes():
    """Four axes of size 1 are one label."""
    layers = layers_of(SOFTMAX % ("label4", ""))
    assert [(d["type"], d.get("shape")) for d in layers] == [("Reshape", []), ("SoftmaxLoss", None)]
    assert layers[1]["bottoms"] == ["s", "l.label4"]


def test_others():
    """Each with its divisor."""
    two = 'bottom: "s" bottom: "t" top: "loss"'
    assert one(f'type: "EuclideanLoss" {two}') == {"type": "SquareLoss", "loss_weight": 1.0}
    sigmoid = one(f'type: "SigmoidCrossEntropyLoss" {two}')
    assert sigmoid["divisor"] == "batch_size"
    valid = one(f'type: "SigmoidCrossEntropyLoss" {two} loss_param {{ normalize: true }}')
    assert valid["divisor"] == "valid"
    multinomial = one('type: "MultinomialLogisticLoss" bottom: "s" bottom: "label" top: "loss"')
    assert multinomial["divisor"] == "batch_size"


def test_contrastive_loss():
    """The third bottom flat."""
    layers = layers_of(
        'type: "ContrastiveLoss" bottom: "s" bottom: "t" bottom: "label4" top: "loss"'
        " contrastive_loss_param { margin: 2 }"
    )
    assert layers[-1]["margin"] == 2.0
    assert layers[-1]["bottoms"] == ["s", "t", "l.label4"]


def test_hinge_loss():
    """Of labels by number, in both norms."""
    hinge = 'type: "HingeLoss" bottom: "%s" bottom: "%s" top: "loss" %s'
    assert layers_of(hinge % ("s", "label", ""))[-1]["type"] == "HingeLoss"
    squares = layers_of(hinge % ("x", "label4", "hinge_loss_param { norm: L2 }"))
    assert squares[-1].items() >= {"type": "SquareLoss", "loss_weight": 2.0}.items()
    assert squares[2]["n_class"] == 144


def test_accuracy():
    """No top; so many largest."""
    body = 'type: "Accuracy" bottom: "s" bottom: "label" top: "a" %s'
    assert one(body % "accuracy_param { top_k: 2 }")["top_k"] == 2
    refused(body % "accuracy_param { top_k: 5 }", "top_k 5 is more than the 4 classes")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (SOFTMAX % ("label", "loss_weight: [1, 2]"), "has 2 loss weights and 1 tops"),
        (SOFTMAX % ("label", 'top: "p" loss_weight: [1, 0]'), "has a second top"),
        (SOFTMAX % ("x", ""), "do not fit"),
        (
            'type: "InfogainLoss" bottom: "s" bottom: "label" bottom: "t" top: "loss"',
            "its third bottom is no square matrix",
        ),
        (
            'type: "InfogainLoss" bottom: "s" bottom: "label" bottom: "label4" top: "l" top: "p"',
            "its third bottom is no square matrix",
        ),
    ],
)
def test_what_is_refused(body, said):
    """With the reason."""
    refused(body, said)


def test_the_matrix_of_an_infogain_loss_from_a_bottom():
    """Axes of size 1 before it are taken away; the probabilities are a Softmax."""
    found = translated(
        INPUTS + 'layer { name: "h" type: "Parameter" top: "h" param { lr_mult: 0 }'
        " parameter_param { shape { dim: [1, 1, 4, 4] } } }"
        'layer { name: "l" type: "InfogainLoss" bottom: "s" bottom: "label" bottom: "h"'
        ' top: "loss" top: "p" loss_weight: 2 loss_weight: 0.5 }'
    )
    assert not found.problems
    layers = found.layers[-1].made.layers
    assert [layer["type"] for layer in layers] == [
        "Softmax", "SumLoss", "PartSamples", "PartSamples", "InfogainLoss",
    ]  # fmt: skip
    assert layers[0]["tops"] == ["p"]
    assert layers[1]["loss_weight"] == 1.0
    assert layers[-1]["bottoms"][2] == layers[3]["tops"][0]
    assert layers[-1]["loss_weight"] == 2.0


def test_the_accuracy_of_each_class():
    """It is said where it is found."""
    found = translated(
        INPUTS
        + 'layer { name: "l" type: "Accuracy" bottom: "s" bottom: "label" top: "a" top: "b" }'
    )
    assert (
        "'b', the accuracy of each class, is what graphnet test prints"
        in (found.layers[-1].made.notes[0])
    )


def test_two_tops_have_two_loss_weights():
    """Caffe refuses them without."""
    text = INPUTS + (
        'layer { name: "h" type: "Parameter" top: "h" parameter_param { shape { dim: [4, 4] } } }'
        'layer { name: "l" type: "InfogainLoss" bottom: "s" bottom: "label" bottom: "h"'
        ' top: "loss" top: "p" }'
    )
    (problem,) = translated(text).problems
    assert "has two tops and no loss weights" in problem.message
