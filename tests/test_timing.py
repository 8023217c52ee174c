"""time_net: every layer accounted for, with figures that follow from its shapes."""

from __future__ import annotations

import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy
from support.nets import INPUT, net_of

from graphnet import timing
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.timing import step_bytes, step_flops, time_net

TEXT = f"""
    - {INPUT}
    - {{name: a, type: InnerProduct, output_dim: 6, neuron: Tanh, bottoms: [x], tops: [a]}}
    - {{name: b, type: InnerProduct, output_dim: 3, bottoms: [a], tops: [b]}}
    - {{name: loss, type: SoftmaxLoss, bottoms: [b, label]}}
"""


def test_it_times_every_layer_and_the_shares_add_up():
    """One row a layer, in order; the shares are of the whole step."""
    times = time_net(net_of(TEXT), n_steps=3)
    assert [row.name for row in times.layers] == ["in", "a", "a.neuron", "b", "loss"]
    assert sum(row.share for row in times.layers) == pytest.approx(1)
    assert sum(r.forward_ms + r.backward_ms for r in times.layers) == pytest.approx(times.step_ms)
    assert times.matmul_gflops > 0
    assert times.copy_gbytes > 0
    assert times.as_dict()["layers"][1]["name"] == "a"


def test_what_a_layer_does_within_another_is_its_time():
    """The row says where; the layer itself takes none."""
    text = TEXT.replace("neuron: Tanh, bottoms: [x], tops: [a]", "bottoms: [x], tops: [w]")
    norm = "- {name: n, type: BatchNorm, neuron: ReLU, bottoms: [w], tops: [a]}\n    - {name: b,"
    net = net_of(text.replace("- {name: b,", norm))
    times = {row.name: row for row in time_net(net, n_steps=3).layers}
    assert {name: row.within for name, row in times.items() if row.within} == {"n.neuron": "n"}
    assert times["n.neuron"].forward_ms < times["n"].forward_ms


@pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
def test_it_waits_for_a_device(monkeypatch):
    """Before the clock starts and before it stops: a device computes on when a call is back."""
    for rate in ("matmul_rate", "copy_rate"):
        monkeypatch.setattr(timing, rate, lambda _: 1e9)
    backend = CupyBackend(FakeCupy())
    net, ledger = net_of(TEXT, backend=backend), backend.xp.ledger
    ledger.reset()
    times = time_net(net, n_steps=2)
    n_calls = 5 + sum(row.backward_ms > 0 for row in times.layers)
    assert ledger.syncs == 2 * (2 + 2) * n_calls


def test_flops_and_bytes_follow_from_shapes():
    """Layer a: no gradient to the data; layer b: forward, weights and bottom."""
    net = net_of(TEXT)
    a, b = (net.graph.layer(name) for name in "ab")
    assert step_flops(net, a) == 2 * (4 * 5 * 6) * 2
    assert step_flops(net, b) == 2 * (4 * 6 * 3) * 3
    forward = 4 * 6 + 4 * 3 + (3 * 6 + 3)
    diffs, params, reads = 4 * 6 + 4 * 3, 2 * (3 * 6 + 3), 4 * 6
    assert step_bytes(net, b) == 4 * (forward + diffs + params + reads)
