"""check_gradients: right gradients pass, wrong ones are found."""

from __future__ import annotations

from types import MethodType

import numpy as np
from support.nets import INPUT, net_of

import graphnet as gn
from graphnet import gradcheck

TEXT = f"""
    - {INPUT}
    - {{name: a, type: InnerProduct, output_dim: 6, neuron: NEURON, bottoms: [x], tops: [a]}}
    - {{name: b, type: InnerProduct, output_dim: 3, bottoms: [a], tops: [b]}}
    - {{name: loss, type: SoftmaxLoss, bottoms: [b, label]}}
"""


def test_a_right_net_passes_and_is_not_changed():
    """The report is ok, names every param, and the checked net keeps its values."""
    net = net_of(TEXT.replace("NEURON", "Tanh"))
    before = net.store.data.copy()
    report = gn.check_gradients(net)
    assert report.ok, str(report)
    assert [(c.layer, c.param) for c in report.checks] == [
        ("a", "weight"),
        ("a", "bias"),
        ("b", "weight"),
        ("b", "bias"),
    ]
    np.testing.assert_array_equal(net.store.data, before)
    assert str(report).endswith("all gradients agree (tolerance 1e-05)")


def test_a_wrong_gradient_is_found_and_placed(monkeypatch):
    """A backward that is off by a hundredth fails, and the report says where."""
    build = gradcheck._float64_twin

    def broken(net):
        twin = build(net)
        right = twin.backward

        def backward(self):
            right()
            self.store.params["b"]["weight"].diff[1, 2] *= 1.01

        twin.backward = MethodType(backward, twin)
        return twin

    monkeypatch.setattr(gradcheck, "_float64_twin", broken)
    report = gn.check_gradients(net_of(TEXT.replace("NEURON", "Tanh")))
    assert not report.ok
    assert [c.param for c in report.checks if not c.ok] == ["weight"]
    assert next(c for c in report.checks if not c.ok).index == (1, 2)
    assert "FAIL b.weight" in str(report)
