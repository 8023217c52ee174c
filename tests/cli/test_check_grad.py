"""``graphnet check-grad``: a row for every param, and the exit code."""

from __future__ import annotations

WRONG = """\
from graphnet.layers.neurons.base import NeuronSpec


class Cube(NeuronSpec):
    def apply(self, xp, x, y):
        xp.power(x, 3, out=y)

    def differentiate(self, xp, y, slope):
        slope.fill(3)
"""


def test_good_gradients_exit_with_0(run):
    """A row for every param, then the verdict."""
    found = run("check-grad net.yaml")
    assert (found.code, found.err) == (0, "")
    assert [line.split()[:2] for line in found.lines[1:3]] == [
        ["ip1.weight", "ok"],
        ["ip1.bias", "ok"],
    ]
    assert found.lines[3] == "all gradients agree (tolerance 1e-05)"


def test_a_wrong_gradient_exits_with_1(folder, run):
    """And says where backward and the difference quotient differ."""
    (folder / "wrong_layers.py").write_text(WRONG)
    found = run(
        "check-grad net.yaml --set 'layers.prob={name: cube, type: wrong_layers.Cube, "
        "bottoms: [ip1], tops: [cube]}' --set layers.loss.bottoms=[cube,label]"
    )
    assert found.code == 1
    assert found.lines[1].split()[:2] == ["ip1.weight", "FAIL"]
    assert ": backward " in found.lines[1]
    assert found.lines[-1] == "some gradients do not agree (tolerance 1e-05)"


def test_a_net_that_cannot_be_trained_is_refused(run):
    """There is nothing to check."""
    found = run("check-grad net.yaml --set layers.loss.phase=test")
    assert found.code == 1
    assert found.err.startswith("net.yaml:1:1: net 'small' has no loss in phase train")


def test_a_small_batch_is_enough(run):
    """As its help advises."""
    assert run("check-grad net.yaml --set layers.train-data.batch_size=1 --seed 3").code == 0
