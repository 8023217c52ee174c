"""The facts that check and solve print."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphnet.cli.declared import read_declared
from graphnet.cli.summary import defaults_in_force, fallback_notice
from graphnet.net.sources import resolve_data, take_fallback
from graphnet.net.spec import read_net
from graphnet.overrides import parse_override


def in_force(*options):
    """What holds in the folder's net after some overrides."""
    declared = read_declared(Path("net.yaml"), [parse_override(option) for option in options])
    return [text for _, text in defaults_in_force(declared)]


@pytest.mark.usefixtures("folder")
def test_defaults_are_told_apart_from_what_was_written():
    """Each with where it comes from."""
    assert in_force() == [
        "seed 0 (default)",
        "regu_coef 0.0005 (default): the L2 gradient is 2·0.0005·w",
        "bias_lr 2 (default) in ip1: biases learn twice as fast",
    ]
    assert in_force("regu_coef=0", "seed=1", "layers.ip1.bias_lr=2") == [
        "seed 1 (--set seed=1)",
        "regu_coef 0 (--set regu_coef=0): nothing is regularized",
    ]


@pytest.mark.usefixtures("folder")
def test_a_layer_without_a_bias_has_no_rate_for_it():
    """It is left out."""
    assert len(in_force("layers.ip1.bias=false")) == 2


def test_a_bias_that_learns_at_the_common_rate_is_not_mentioned(folder):
    """BatchNorm's does by default."""
    net = folder / "net.yaml"
    net.write_text(net.read_text().replace("InnerProduct, output_dim: 3", "BatchNorm"))
    assert len(in_force()) == 2


def test_the_notice_says_what_why_and_how(fallback_folder):
    """One line each, and the command that gets the data."""
    spec = read_net(fallback_folder / "net.yaml")
    assert fallback_notice(take_fallback(spec, "it rains:\n  a lot\n  graphnet data x")) == [
        "FALL-BACK DATA: this is not the data that the net names.",
        "why: it rains:",
        "  a lot",
        "train-data reads dataset:digits28/train instead of dataset:mnist/train",
        "test-data reads dataset:digits28/test instead of dataset:mnist/test",
        "to get the real data: graphnet data mnist",
    ]


def test_no_fall_back_no_notice(folder):
    """Nothing to say."""
    assert fallback_notice(resolve_data(read_net(folder / "net.yaml"))) == []
