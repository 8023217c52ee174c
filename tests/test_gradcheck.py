"""check_gradients: right gradients pass, wrong ones are found."""

from __future__ import annotations

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.layer_device import device_backend
from support.nets import INPUT, net_of

import graphnet as gn
from graphnet import gradcheck

TEXT = f"""
    - {INPUT}
    - {{name: a, type: InnerProduct, output_dim: 6, neuron: NEURON, bottoms: [x], tops: [a]}}
    - {{name: b, type: InnerProduct, output_dim: 3, bottoms: [a], tops: [b]}}
    - {{name: loss, type: SoftmaxLoss, bottoms: [b, label]}}
"""


on_cupy = pytest.param("cupy", marks=pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER))


@pytest.mark.parametrize("backend", ["numpy", on_cupy])
def test_a_right_net_passes_and_is_not_changed(backend):
    """The report is ok, names every param, and the checked net keeps its values."""
    opened = device_backend() if backend == "cupy" else backend
    net = net_of(TEXT.replace("NEURON", "Tanh"), backend=opened)
    before = net.backend.download(net.store.data)
    report = gn.check_gradients(net)
    assert report.ok, str(report)
    assert [(c.layer, c.param) for c in report.checks] == [
        ("a", "weight"),
        ("a", "bias"),
        ("b", "weight"),
        ("b", "bias"),
    ]
    np.testing.assert_array_equal(net.backend.download(net.store.data), before)
    assert str(report).endswith("all gradients agree (tolerance 1e-05)")


def test_a_wrong_gradient_is_found_and_placed(monkeypatch):
    """A backward that is off by a hundredth fails, and the report says where."""
    build = gradcheck._float64_twin

    def broken(net):
        twin = build(net)
        diff = twin.store.params["b"]["weight"].diff
        twin._backward.append(lambda: np.multiply(diff[1, 2], 1.01, out=diff[1, 2, ...]))
        return twin

    monkeypatch.setattr(gradcheck, "_float64_twin", broken)
    report = gn.check_gradients(net_of(TEXT.replace("NEURON", "Tanh")))
    assert not report.ok
    assert [c.param for c in report.checks if not c.ok] == ["weight"]
    assert next(c for c in report.checks if not c.ok).index == (1, 2)
    assert "FAIL b.weight" in str(report)
