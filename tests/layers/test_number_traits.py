"""What a spec says of its numbers is held against the net, whoever has written the layer."""

from __future__ import annotations

from typing import ClassVar

import pytest

import graphnet as gn
from graphnet.layers import LAYER_TYPES
from graphnet.layers.dense.inner_product import InnerProduct
from graphnet.layers.losses.softmax_loss import SoftmaxLoss
from graphnet.layers.neurons.relu import ReLU
from graphnet.layers.number_traits import NumberTraits


class MyScores(InnerProduct):
    """Scores by another name."""

    type: str = "MyScores"


class MySoftmaxLoss(SoftmaxLoss):
    """A loss by another name."""

    type: str = "MySoftmaxLoss"


class MyReLU(ReLU):
    """A neuron by another name."""

    type: str = "MyReLU"


class Calibrated(InnerProduct):
    """Its numbers are probabilities: it says so."""

    type: str = "Calibrated"
    makes: ClassVar[str] = "Softmax"


INPUT = gn.layers.Input(name="in", batch_size=2, shapes={"x": [3], "y": []}, tops=["x", "y"])


def said(*layers):
    """What is said of a net of these layers."""
    return [problem.message for problem in gn.load_net([INPUT, *layers]).suspicions()]


@pytest.mark.parametrize("loss", [SoftmaxLoss, MySoftmaxLoss])
@pytest.mark.parametrize("scores", [InnerProduct, MyScores])
def test_what_is_derived_says_what_its_base_says(scores, loss):
    """Nothing is known by the name of its type."""
    ip = scores(name="ip", output_dim=3, bottoms=["x"], tops=["z"])
    assert not said(ip, loss(name="loss", bottoms=["z", "y"]))
    for cut in (ReLU, MyReLU):
        relu = cut(name="cut", bottoms=["z"], tops=["r"])
        (found,) = said(ip, relu, loss(name="loss", bottoms=["r", "y"]))
        assert f"come from layer 'cut' ({cut.__name__}), which cuts off all below 0" in found
    wrong = gn.layers.MultinomialLogisticLoss(name="loss", bottoms=["z", "y"])
    (found,) = said(ip, wrong)
    assert f"layer 'ip' ({scores.__name__}) gives scores of any size" in found


def test_a_layer_of_ones_own_says_what_it_makes():
    """Probabilities go into the one loss and not into the other."""
    ip = Calibrated(name="ip", output_dim=3, bottoms=["x"], tops=["p"])
    assert not said(ip, gn.layers.MultinomialLogisticLoss(name="loss", bottoms=["p", "y"]))
    (found,) = said(ip, SoftmaxLoss(name="loss", bottoms=["p", "y"]))
    assert "SoftmaxLoss applies Softmax itself" in found


def test_by_default_nothing_is_known():
    """Each trait has a default, and every spec of graphnet has them."""
    assert not any((NumberTraits.makes, NumberTraits.normalises, NumberTraits.takes_normalised))
    assert not NumberTraits.takes_images
    assert all(issubclass(cls, NumberTraits) for cls in LAYER_TYPES.values())
