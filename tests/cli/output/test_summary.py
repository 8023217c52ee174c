"""The facts that check and solve print."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphnet.cli.given.net_and_solver import read_net_and_solver
from graphnet.cli.output.summary import fallback_notice, settings
from graphnet.declare.overrides import parse_override
from graphnet.net.sources import resolve_data, take_fallback
from graphnet.net.spec import read_net


def said(*options):
    """What holds in the folder's net after some overrides."""
    declared = read_net_and_solver(Path("net.yaml"), [parse_override(option) for option in options])
    return [text for _, text in settings(declared)]


@pytest.mark.usefixtures("folder")
def test_defaults_are_told_apart_from_what_was_written():
    """Each with where it comes from."""
    assert said() == [
        "method SGD (default)",
        "lr_policy Fixed, base_lr 0.1 (solver.yaml)",
        "mom_policy Fixed, momentum 0 (default)",
        "regu_coef 0.0005 (default): the L2 gradient is 2·0.0005·w",
        "seed 0 (default)",
        "bias_lr 2 (default) in ip1: biases learn twice as fast",
    ]
    assert said("regu_coef=0", "seed=1", "layers.ip1.bias_lr=2")[3:] == [
        "regu_coef 0 (--set regu_coef=0): nothing is regularized",
        "seed 1 (--set seed=1)",
    ]


def test_default_method_and_rate_are_said(folder):
    """Each method has a rate of its own where the solver states none."""
    solver = folder / "solver.yaml"
    solver.write_text("max_iter: 1\n", "utf-8")
    assert said()[:3] == [
        "method SGD (default)",
        "lr_policy Fixed, base_lr 0.01 (default)",
        "mom_policy Fixed, momentum 0 (default)",
    ]
    assert said("method={type: Adam, beta1: 0.5}")[:2] == [
        "method Adam, beta1 0.5 (--set method={type: Adam, beta1: 0.5})",
        "lr_policy Fixed, base_lr 0.001 (default)",
    ]
    warmed = "lr_policy={type: Warmup, length: 5, policy: {type: Fixed, base_lr: 1}}"
    assert said(warmed)[1].startswith(
        "lr_policy Warmup, length 5, policy (Fixed, base_lr 1) (--set"
    )


@pytest.mark.usefixtures("folder")
def test_groups_of_params_are_said():
    """And rates of biases that they replace are not."""
    groups = "param_groups=[{params: vectors, decay: 0}, {params: [bias, ip1/*], lr: 0.5}]"
    found = said(groups)
    assert found[5:] == [
        f"param_groups vectors: decay 0; bias, ip1/*: lr 0.5 (--set {groups})",
    ]
    assert said("param_groups=[{params: vectors, decay: 0}]")[-1].startswith("bias_lr 2")


@pytest.mark.usefixtures("folder")
def test_a_layer_without_a_bias_has_no_rate_for_it():
    """It is left out."""
    assert len(said("layers.ip1.bias=false")) == 5


def test_a_bias_that_learns_at_the_common_rate_is_not_mentioned(folder):
    """BatchNorm's does by default."""
    net = folder / "net.yaml"
    net.write_text(net.read_text().replace("InnerProduct, output_dim: 3", "BatchNorm"))
    assert len(said()) == 5


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
