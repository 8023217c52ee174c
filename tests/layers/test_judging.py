"""Which layers judge answers, and how they understand them."""

from __future__ import annotations

import graphnet as gn
from graphnet.layers import LAYER_TYPES
from graphnet.layers.judging import Judgement


def test_losses_and_statistics_say_how_they_judge():
    """Axis, ignored labels and thresholds are theirs."""
    names = {"name": "x", "bottoms": ("a", "b")}
    layers = gn.layers
    assert layers.SoftmaxLoss(**names, axis=2).judges == Judgement("classes", 2, "softmax")
    assert layers.Accuracy(**names, ignore_label=9).judges == Judgement("classes", ignore_label=9)
    assert layers.MultinomialLogisticLoss(**names).judges == Judgement("classes")
    assert layers.SquareLoss(**names).judges == Judgement("numbers")
    assert layers.BinaryAccuracy(**names).judges == Judgement("tags", threshold=0.0)
    assert layers.BinaryCrossEntropyLoss(**names).judges == Judgement("tags", threshold=0.5)
    found = layers.SigmoidCrossEntropyLoss(**names).judges
    assert found == Judgement("tags", squash="sigmoid", threshold=0.0)
    assert layers.RBFLoss(**names, j=10).judges is None, "the smallest distance is its answer"


def test_other_layers_do_not_judge():
    """Only those that compare an answer with what is right."""
    judging = {name for name, cls in LAYER_TYPES.items() if "judges" in dir(cls)}
    assert judging == set(LAYER_TYPES)
    assert gn.layers.Tanh(name="t", bottoms=("a",), tops=("b",)).judges is None
