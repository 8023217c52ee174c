"""Small nets exported to ONNX, and what onnxruntime makes of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from graphnet.interchange.onnx.deploying import Deployed, deployed
from graphnet.interchange.onnx.exporting import onnx_graph, values_of
from graphnet.interchange.onnx.parity import run_file
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.net.spec import NetSpec, read_net


def _missing(package: str) -> pytest.MarkDecorator:
    there = importlib.util.find_spec(package) is not None
    return pytest.mark.skipif(not there, reason=f"the extra {package} is not installed")


needs_onnx = _missing("onnx")
needs_runtime = _missing("onnxruntime")


def net_of(shapes: Mapping[str, Sequence[int]], *layers: Mapping[str, Any]) -> NetSpec:
    """Layers behind an Input of blobs with these shapes of a sample."""
    feed = {"name": "in", "type": "Input", "batch_size": 2, "shapes": dict(shapes)}
    return read_net([{**feed, "tops": list(shapes)}, *layers])


def filled(net: Deployed) -> Net:
    """The net with random params and running statistics."""
    running = load_net(net.spec, "test")
    draw = np.random.default_rng(1)
    for _, _, param in running.store.items():
        param.data[...] = draw.normal(scale=0.5, size=param.data.shape)
    for states in running.store.state.values():
        for name in states.keys() & {"mean", "variance"}:
            states[name][...] = draw.uniform(0.5, 1.5, states[name].shape)
    return running


def operators(spec: NetSpec) -> list[tuple[str, str]]:
    """The name and the type of each operator that a net becomes."""
    net = deployed(spec, "test")
    running = filled(net)
    try:
        return [(n.name, n.op) for n in onnx_graph(net, "test", values_of(running)).nodes]
    finally:
        running.close()


def both(
    spec: NetSpec, fed: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What graphnet gives for some rows, and what onnxruntime makes of the file."""
    net = deployed(spec, "test")
    running = filled(net)
    try:
        graph = onnx_graph(net, "test", values_of(running))
        content = graph.model_bytes("test")
        ours = running.predict(dict(fed))
    finally:
        running.close()
    found = run_file(content, {k: np.asarray(v, np.float32) for k, v in fed.items()})
    return (
        {name: ours[name] for name in net.outputs},
        {name: found[graph.given[name]] for name in net.outputs},
    )


def assert_close(found: np.ndarray, expected: np.ndarray, relative: float = 1e-5) -> None:
    """Equal to a part of the largest number."""
    assert found.shape == expected.shape
    finite = np.isfinite(expected)
    assert np.array_equal(finite, np.isfinite(found))
    size = np.abs(expected[finite]).max(initial=0.0)
    assert np.allclose(found[finite], expected[finite], rtol=0, atol=relative * size)
