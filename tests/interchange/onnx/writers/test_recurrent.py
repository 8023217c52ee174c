"""Recurrent layers, for ONNX: where sequences start, and what a batch hands to the next."""

import numpy as np
import pytest
from support.onnx_files import assert_close, both, filled, needs_onnx, needs_runtime, net_of

from graphnet.interchange.onnx.deploying import deployed
from graphnet.interchange.onnx.exporting import onnx_graph, values_of
from graphnet.interchange.onnx.parity import run_file

STATES = {
    "LSTM": ("hidden", "cell"),
    "GRU": ("hidden",),
    "RNN": ("hidden",),
    "ResetFirstGRU": ("hidden",),
}


def run_twice(kind, *, cont, bias):
    """Two batches one after another, in graphnet and in onnxruntime; and the operators."""
    keys = {"name": "r", "type": kind, "output_dim": 4, "tops": ["h"], "bias": bias}
    keys |= {"bottoms": ["x", "cont"]} if cont else {"bottoms": ["x"], "stateful": True}
    spec = net_of({"x": [5, 2, 3]} | ({"cont": [5]} if cont else {}), keys)
    net = deployed(spec, "test")
    running = filled(net)
    graph = onnx_graph(net, "test", values_of(running))
    content = graph.model_bytes("test")
    draw, states, pairs = np.random.default_rng(1), {}, []
    for _ in range(2):
        fed = {"x": draw.normal(size=(3, 5, 2, 3)).astype(np.float32)}
        if cont:
            fed["cont"] = draw.integers(0, 2, (3, 5)).astype(np.float32)
            fed["cont"][1:, 0] = 1  # these go on from the batch before
        for name, array in fed.items():
            running.fed(name)[...] = array
        running.forward()
        found = run_file(content, fed | states)
        states = {f"r.{s}": found[f"r.{s}.next"] for s in STATES[kind]}
        pairs.append((found["h"], running.blobs["h"].data.copy()))
    running.close()
    return pairs, [node.op for node in graph.nodes]


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("cont", [True, False], ids=["cont", "stateful"])
def test_a_batch_goes_on(kind, cont, bias):
    """The state is an input and an output; a Scan clears it where a sequence starts."""
    pairs, ops = run_twice(kind, cont=cont, bias=bias)
    for found, expected in pairs:
        assert_close(found, expected)
    assert ("Scan" in ops) == cont
    assert (kind.removeprefix("ResetFirst") in ops) != cont


@needs_onnx
def test_without_state_there_are_no_more_inputs():
    """Every batch starts new sequences, as the operator does by itself."""
    layer = {"name": "r", "type": "GRU", "output_dim": 4, "bottoms": ["x"], "tops": ["h"]}
    net = deployed(net_of({"x": [5, 2]}, layer), "test")
    graph = onnx_graph(net, "test", values_of(filled(net)))
    assert (list(graph.inputs), list(graph.outputs)) == (["x"], ["h"])
    assert ("r", "GRU") in [(node.name, node.op) for node in graph.nodes]


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("stateful", [False, True])
def test_states_as_tops(kind, stateful):
    """What is left behind the last step, where sequences start with the batch or go on."""
    states = STATES[kind]
    layer = {"name": "r", "type": kind, "output_dim": 4, "bottoms": ["x"], "stateful": stateful}
    spec = net_of({"x": [5, 2]}, layer | {"tops": ["h", *states]})
    fed = {"x": np.random.default_rng(2).normal(size=(3, 5, 2))}
    if stateful:
        net = deployed(spec, "test")
        running = filled(net)
        content = onnx_graph(net, "test", values_of(running)).model_bytes("test")
        ours = running.predict(fed)
        running.close()
        zeros = {f"r.{state}": np.zeros((3, 4), np.float32) for state in states}
        found = run_file(content, {"x": fed["x"].astype(np.float32)} | zeros)
    else:
        ours, found = both(spec, fed)
    for name in ("h", *states):
        assert_close(found[name], ours[name])
