"""What a net has measured: where it is kept, and when bad data is told of."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.layer_device import device_backend
from support.nets import net_spec

import graphnet as gn
from graphnet.backend import open_backend
from graphnet.errors import DataError
from graphnet.net.load_net import load_net
from graphnet.solver.reporter import SilentReporter

NET = """
- {name: data, type: MemoryData, batch_size: 4, shapes: {x: [5], label: []}, tops: [x, label]}
- {name: ip, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [ip]}
- {name: loss, type: SoftmaxLoss, ignore_label: 9, bottoms: [ip, label]}
- {name: more, type: SquareLoss, bottoms: [ip, ip], loss_weight: 0.5}
- {name: accuracy, type: Accuracy, top_k: 2, report_error: true, ignore_label: 9,
   bottoms: [ip, label]}
"""
LABELS = np.array([0, 1, 2, 0, 9, 1, 1, 2, 2, 9, 9, 9], float)
needs_compiler = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
BACKENDS = ["numpy", pytest.param("cupy", marks=needs_compiler)]


def backend_of(name):
    """A backend; CuPy's on the stand-in."""
    return device_backend() if name == "cupy" else open_backend("numpy", 1)


def net_on(backend, labels=LABELS):
    """The net on a backend, in double precision."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((len(labels), 5))
    spec = net_spec(NET)
    return load_net(spec, inputs={"x": x, "label": labels}, backend=backend, dtype="float64")


@needs_compiler
def test_the_device_measures_what_the_host_measures():
    """Losses, statistics and their sums agree over batches with ignored labels, and all ignored."""
    found = []
    for name in ("numpy", "cupy"):
        net, made = net_on(backend_of(name)), []
        for _ in range(3):
            net.forward()
            made.append([net.loss(), float(net.objective()), *net.losses().values()])
        sums = net.statistics_state()
        made.append([*net.statistics().values(), *np.concatenate(list(sums.values()))])
        net.reset_statistics()
        assert all(np.isnan(v) for v in net.statistics().values())
        net.restore_statistics_state(sums)
        made.append(list(net.statistics().values()))
        found.append(made)
    for host, there in zip(*found, strict=True):
        np.testing.assert_allclose(there, host, rtol=1e-12, atol=1e-14)


@needs_compiler
def test_passes_fetch_nothing():
    """Not until somebody asks, though counts and divisors depend on the data."""
    net, ledger = net_on(device_backend()), device_backend().xp.ledger
    net.forward()
    ledger.reset()
    net.forward()
    net.backward()
    net.objective()
    assert ledger.downloads == 0
    net.loss()
    assert ledger.downloads > 0


BAD = np.where(np.arange(12) == 6, 5.5, LABELS)
MESSAGE = (
    r"net.yaml:4:\d+: layer 'loss' .*the label 5.5 in row 2 of the batch is no class"
    r"\n  expected .*\n  it is 'label' in the given arrays, row 6$"
)


@pytest.mark.parametrize("name", BACKENDS)
def test_bad_data_is_told_of_with_its_layer(name):
    """By the host in forward; by the device, which went on, before any number is given."""
    asking = [lambda net: net.loss(), lambda net: net.losses(), lambda net: net.statistics()]
    for ask in asking:
        net = net_on(backend_of(name), BAD)
        net.forward()
        ask(net)
        with pytest.raises(DataError, match=MESSAGE):
            [call() for call in (net.forward, net.backward, net.forward, partial(ask, net))]
        net.close()


@pytest.mark.parametrize("name", BACKENDS)
def test_training_stops_at_bad_data(name):
    """It is the data's error, not that of the break which asked first, and never skipped."""
    net = net_on(backend_of(name), BAD)
    breaks = [{"type": "TrainingSummary", "every_n_iter": 5}]
    solver = gn.Solver(
        gn.solver.spec.SolverSpec(max_iter=20, on_error="continue", coffee_breaks=breaks)
    )
    with pytest.raises(DataError, match=MESSAGE):
        gn.solve(solver, net, reporter=SilentReporter())
    assert np.isfinite(net.backend.download(net.store.data)).all()


@needs_compiler
def test_predictions_are_not_given_of_bad_data():
    """An index that a layer on the device could not use is told of before the rows come back."""
    layers = """
    - {name: data, type: MemoryData, batch_size: 2, phase: train, shapes: {x: []}, tops: [x]}
    - {name: embed, type: Embed, input_dim: 3, output_dim: 2, bottoms: [x], tops: [y]}
    """
    net = load_net(net_spec(layers), backend=device_backend())
    assert net.predict({"x": np.array([0.0, 2.0])})["y"].shape == (2, 2)
    with pytest.raises(DataError, match=r"layer 'embed' .*3 in row 1 of the batch is no index"):
        net.predict({"x": np.array([0.0, 3.0])})
