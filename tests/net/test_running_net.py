"""A running net: what it has measured, and that it comes back to where it stood."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.layer_device import device_backend
from support.nets import net_of, net_spec

import graphnet as gn
from graphnet.backend import open_backend
from graphnet.errors import DataError, GraphnetError
from graphnet.net.load_net import load_net
from graphnet.net.passes_done import PassesDone
from graphnet.solver.reporter import SilentReporter

TEXT = """
    - {name: data, type: MemoryData, batch_size: 4, shuffle: true, tops: [x, label],
       shapes: {x: [3, 2], label: []}}
    - {name: noise, type: RandomNormal, shape: [3, 2], batch_sizes: [4], tops: [noise]}
    - {name: sum, type: ElementWise, bottoms: [x, noise], tops: [sum]}
    - {name: rnn, type: LSTM, output_dim: 3, stateful: true, bottoms: [sum], tops: [h]}
    - {name: bn, type: BatchNorm, bottoms: [h], tops: [bn]}
    - {name: drop, type: Dropout, ratio: 0.3, bottoms: [bn]}
    - {name: ip, type: InnerProduct, output_dim: 3, bottoms: [bn], tops: [y]}
    - {name: loss, type: SoftmaxLoss, bottoms: [y, label]}
    - {name: accuracy, type: Accuracy, bottoms: [y, label]}
"""
N_SAMPLES = 10


def trained(phase="train", n_steps=2):
    """A net in the middle of a run: nothing of it stands where it began."""
    rng = np.random.default_rng(1)
    arrays = {"x": rng.standard_normal((N_SAMPLES, 3, 2)), "label": np.arange(N_SAMPLES) % 3}
    net = net_of_arrays(arrays, phase)
    for i in range(n_steps):
        net.context.iteration, net.context.first_sample = i, 4 * i
        net.forward()
    if phase == "train":
        net.backward()
    net.context.n_valid = 3
    return net


def net_of_arrays(arrays, phase):
    net = net_of(TEXT, phase=phase, inputs=arrays)
    for layer in net.data_layers:
        layer.seek(0)
    return net


def everything(net):
    """All that a run depends on, as copies, by what it is."""
    context = net.context
    found = {
        "params": net.store.data,
        "diffs": net.store.diff,
        "context": np.array([context.iteration, context.first_sample, context.n_valid]),
        "places": np.array([(d.cursor, d.wrap) for d in net.data_layers]),
        "losses": np.array(list(net.losses().values())),
    }
    found |= {f"sums {name}": sums for name, sums in net.state_dict()["statistics"].items()}
    for layer in net.layers:
        found |= {f"state {layer.name}/{name}": array for name, array in layer.state.items()}
    return {what: np.array(array) for what, array in found.items()}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for what, array in found.items():
        np.testing.assert_array_equal(array, expected[what], what)


def next_steps(net):
    """What a run computes from here on."""
    losses = []
    for i in range(3):
        net.context.iteration = 2 + i
        net.forward()
        losses.append(net.loss())
    return losses


@pytest.mark.parametrize("phase", ["train", "test"])
def test_an_evaluation_leaves_no_trace(phase):
    """Not even where the net is the one being trained: running statistics, sums, places."""
    net, other = trained(phase), trained(phase)
    before = everything(net)
    found = net.evaluate()
    assert found.samples == N_SAMPLES
    assert_same(everything(net), before)
    assert next_steps(net) == next_steps(other)


@pytest.mark.parametrize("error", [DataError, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("phase", ["train", "test"])
@pytest.mark.parametrize("batch", [0, 2])
@pytest.mark.parametrize("layer", range(9))
def test_an_evaluation_that_fails_leaves_no_trace(layer, batch, phase, error):
    """Whichever layer raises, whatever it raises, in the first batch or a later one."""
    net = trained(phase)
    before, (i, forward), n_calls = everything(net), net._forward[layer], [0]

    def fail():
        n_calls[0] += 1
        forward()
        if n_calls[0] > batch:
            raise error("no")

    net._forward[layer] = (i, fail)
    with pytest.raises(error, match="no"):
        net.evaluate()
    net._forward[layer] = (i, forward)
    assert_same(everything(net), before)
    assert next_steps(net) == next_steps(trained(phase))


def test_an_evaluation_is_the_same_whatever_came_before():
    """It starts recurrent layers afresh, and counts from the first sample."""
    nets = [trained(n_steps=n) for n in (1, 2)]
    for net in nets:
        net.context.iteration = 7  # which random layers draw for
    assert nets[0].evaluate() == nets[1].evaluate()


@pytest.mark.parametrize("task", ["time", "bad layer", "gradients", "predict"])
def test_other_tasks_leave_no_trace_either(task):
    """Timing, looking for what is not finite, checking gradients, predicting."""
    net = trained()
    net.context.iteration = 2
    before = everything(net)
    if task == "time":
        gn.time_net(net, 2)
    elif task == "bad layer":
        assert net.first_bad_layer() is None
    elif task == "gradients":
        assert gn.check_gradients(net, max_elements=2).checks
    else:
        net.predict({"sum": np.ones((5, 3, 2))})
    found = everything(net)
    if task == "time":  # it runs backward, too
        found["diffs"] = before["diffs"]
    assert_same(found, before)
    assert next_steps(net) == next_steps(trained())


def test_a_prediction_is_a_function_of_its_rows():
    """Neither earlier calls nor other rows change it, stateful layers or not."""
    net = trained("test")
    x = np.random.default_rng(0).standard_normal((300, 3, 2))  # more than one batch of predict
    once = net.predict({"sum": x})["y"]
    np.testing.assert_array_equal(net.predict({"sum": x})["y"], once)
    backwards = net.predict({"sum": x[::-1]})["y"][::-1]
    np.testing.assert_allclose(backwards, once, rtol=1e-5, atol=1e-6)
    alone = [net.predict({"sum": x[i : i + 1]})["y"][0] for i in (0, 255, 256, 299)]
    np.testing.assert_allclose(alone, once[[0, 255, 256, 299]], rtol=1e-5, atol=1e-6)


def one_predictor(net):
    """The net that a net has predicted with, the only one so far."""
    (predictor,) = net._predictors
    return predictor.net


def test_a_prediction_that_fails_leaves_no_trace():
    """The next one is not its continuation."""
    net = trained("test")
    x = np.ones((2, 3, 2))
    expected = net.predict({"sum": x})["y"]
    predictor = one_predictor(net)
    i, forward = predictor._forward[-1]

    def fail():
        raise RuntimeError("no")

    predictor._forward[-1] = (i, fail)
    with pytest.raises(RuntimeError, match="no"):
        net.predict({"sum": 5 * x})
    predictor._forward[-1] = (i, forward)
    np.testing.assert_array_equal(net.predict({"sum": x})["y"], expected)


def test_closing_a_net_closes_those_it_predicts_with():
    """And every layer of it."""
    net, closed = trained("test"), []
    net.predict({"sum": np.ones((2, 3, 2))})
    predictor = one_predictor(net)
    for layer in (*net.layers, *predictor.layers):
        vars(layer)["close"] = lambda name=layer.name: closed.append(name)
    net.close()
    assert sorted(closed) == sorted(layer.name for layer in (*net.layers, *predictor.layers))


def test_the_predictor_thrown_out_is_closed():
    """There are only so many at a time."""
    net, closed = trained("test"), []
    net.predict({"sum": np.ones((1, 3, 2))})
    first = one_predictor(net)
    vars(first.layers[0])["close"] = lambda: closed.append(1)
    for n in range(2, 12):
        net.predict({"sum": np.ones((n, 3, 2))})
    assert closed == [1]


# --- forward and backward ----------------------------------------------------------------


def test_backward_takes_a_forward_each_time():
    """A second one would start from memory that the first has written over."""
    net = net_of("""
        - {name: in, type: Input, batch_size: 4, shapes: {x: [3], label: []}, tops: [x, label]}
        - {name: a, type: InnerProduct, output_dim: 3, neuron: Tanh, bottoms: [x], tops: [a]}
        - {name: loss, type: SoftmaxLoss, bottoms: [a, label]}
    """)
    message = r"net 'net': backward\(\) needs a forward\(\) before it, each time"
    with pytest.raises(GraphnetError, match=message):
        net.backward()
    net.forward()
    net.forward()
    net.backward()
    with pytest.raises(GraphnetError, match=message):
        net.backward()
    net.forward_backward()


def test_a_forward_that_failed_is_none():
    """What it has left is of two batches."""
    net = trained()
    i, forward = net._forward[-1]

    def fail():
        raise RuntimeError("no")

    net._forward[-1] = (i, fail)
    with pytest.raises(RuntimeError, match="no"):
        net.forward()
    net._forward[-1] = (i, forward)
    with pytest.raises(GraphnetError, match="needs a forward"):
        net.backward()
    net.forward()
    net.evaluate()
    with pytest.raises(GraphnetError, match="needs a forward"):
        net.backward()


def test_there_is_no_backward_in_phase_test():
    """It says so, and how to get one."""
    net = trained("test")
    with pytest.raises(GraphnetError, match=r'phase test, .* no gradients\n.*phase="train"'):
        net.backward()
    with pytest.raises(GraphnetError, match="no gradients"):
        net.forward_backward()


def test_a_backward_without_a_loss_has_nothing_to_do():
    """Nothing has a diff that could be taken for a gradient; to train such a net is refused."""
    net = net_of("""
        - {name: in, type: Input, batch_size: 4, shapes: {x: [3]}, tops: [x]}
        - {name: a, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [a]}
    """)
    net.forward_backward()
    assert all(blob.diff is None for blob in net.blobs.values())
    assert not net.store.diff.any()
    with pytest.raises(GraphnetError, match="has no loss in phase train"):
        net.check_trainable()


def test_a_diff_can_be_read_after_backward_alone():
    """Before, its memory holds something else; before any pass it is NaN."""
    net = trained()
    assert np.isfinite(net.blobs["y"].diff).all()
    net.forward()
    with pytest.raises(GraphnetError, match="the blob 'y' has no diff yet"):
        net.blobs["y"].diff  # noqa: B018
    assert net.blobs["x"].diff is None
    fresh = net_of_arrays({"x": np.ones((5, 3, 2)), "label": np.zeros(5)}, "train")
    assert np.isnan(fresh.blobs["y"].diff).all()


def test_passes_done():
    """Flags, each set by what it is named for."""
    passes = PassesDone("net", "train")
    passes.check_backward("x")
    passes.forget()
    with pytest.raises(GraphnetError, match="'x' has no diff yet"):
        passes.check_backward("x")
    passes.has_forward = True
    passes.begin_backward()
    assert not passes.has_forward


# --- what was measured ------------------------------------------------------------------

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
        sums = net.state_dict()["statistics"]
        made.append([*net.statistics().values(), *np.concatenate(list(sums.values()))])
        net.reset_statistics()
        assert all(np.isnan(v) for v in net.statistics().values())
        net.load_state_dict({"statistics": sums})
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
