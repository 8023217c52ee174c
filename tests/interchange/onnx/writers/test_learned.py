"""Layers with params, for ONNX; each is run by itself in test_export_layers.py."""

import numpy as np
from support.onnx_files import assert_close, both, filled, needs_onnx, needs_runtime, net_of

from graphnet.interchange.onnx.deploying import deployed
from graphnet.interchange.onnx.exporting import onnx_graph, values_of

TIED = (
    {"name": "encode", "type": "InnerProduct", "output_dim": 5, "neuron": "Sigmoid",
     "bottoms": ["x"], "tops": ["code"]},
    {"name": "decode", "type": "TiedInnerProduct", "tied_param_key": "encode", "output_dim": 12,
     "bottoms": ["code"], "tops": ["back"]},
)  # fmt: skip


@needs_onnx
@needs_runtime
def test_tied_weights():
    """The decoder reads its encoder's constant, which is there once."""
    spec = net_of({"x": [3, 4]}, *TIED)
    ours, found = both(spec, {"x": np.random.default_rng(1).normal(size=(4, 3, 4))})
    assert_close(found["back"], ours["back"])
    net = deployed(spec, "test")
    graph = onnx_graph(net, "test", values_of(filled(net)))
    assert [name for name in graph.constants if name.endswith("/weight")] == ["encode/weight"]
    assert graph.nodes[-1].name == "decode"


@needs_onnx
@needs_runtime
def test_shared_params():
    """Layers of one key, and the copies of a layer of several bottoms, read the same constants."""
    spec = net_of(
        {"a": [6], "b": [6], "c": [2, 3]},
        {"name": "ip", "type": "InnerProduct", "output_dim": 4, "param_key": "key",
         "bottoms": ["a", "b"], "tops": ["ya", "yb"]},
        {"name": "again", "type": "InnerProduct", "output_dim": 4, "param_key": "key",
         "bottoms": ["c"], "tops": ["yc"]},
    )  # fmt: skip
    draw = np.random.default_rng(2)
    fed = {"a": draw.normal(size=(3, 6)), "b": draw.normal(size=(3, 6))}
    fed["c"] = draw.normal(size=(3, 2, 3))
    ours, found = both(spec, fed)
    for name in ("ya", "yb", "yc"):
        assert_close(found[name], ours[name])
    net = deployed(spec, "test")
    graph = onnx_graph(net, "test", values_of(filled(net)))
    assert sorted(n for n in graph.constants if "/" in n) == ["key/bias", "key/weight"]
