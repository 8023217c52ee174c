"""Attention and positions, for ONNX: run by onnxruntime beside graphnet."""

import numpy as np
import pytest
from support.onnx_files import assert_close, both, filled, needs_onnx, needs_runtime, net_of

from graphnet.errors import SpecError
from graphnet.interchange.onnx.deploying import deployed
from graphnet.interchange.onnx.exporting import onnx_graph, values_of

ATTEND = {"name": "a", "type": "MultiHeadAttention", "n_heads": 2}
MASK = np.array([[1, 1, 0, 1, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]], np.float32)


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"bias": False},
        {"causal": True},
        {"rotary": True, "causal": True, "rotary_base": 100.0},
        {"mask": True},
        {"mask": True, "causal": True},
        {"dropout": 0.3},
    ],
    ids=str,
)
@pytest.mark.parametrize("tops", [["y"], ["y", "maps"]], ids=len)
def test_attention(keys, tops):
    """Also the weights, and positions that see nothing."""
    fed = {"x": np.random.default_rng(1).normal(size=(3, 5, 8))}
    if keys.get("mask"):
        fed["mask"] = MASK
    layer = ATTEND | keys | {"bottoms": list(fed), "tops": tops}
    spec = net_of({name: list(value.shape[1:]) for name, value in fed.items()}, layer)
    ours, found = both(spec, fed)
    for top in tops:
        assert_close(found[top], ours[top])


@needs_onnx
@needs_runtime
def test_two_sequences():
    """Keys and values of the second."""
    draw = np.random.default_rng(2)
    fed = {"x": draw.normal(size=(3, 4, 6)), "m": draw.normal(size=(3, 5, 6)), "mask": MASK}
    layer = ATTEND | {"mask": True, "bottoms": list(fed), "tops": ["y"]}
    ours, found = both(net_of({"x": [4, 6], "m": [5, 6], "mask": [5]}, layer), fed)
    assert_close(found["y"], ours["y"])


def test_dropout_in_training():
    """By chance, so ONNX has no equal."""
    layer = ATTEND | {"dropout": 0.3, "bottoms": ["x"], "tops": ["y"]}
    net = deployed(net_of({"x": [5, 8]}, layer), "train")
    with pytest.raises(SpecError, match="drops weights by chance in phase train"):
        onnx_graph(net, "train", values_of(filled(net)))


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("keys", [{}, {"n_positions": 9}, {"vectors": "sinusoidal"}], ids=str)
def test_positions(keys):
    """Learned or not."""
    layer = {"name": "p", "type": "PositionEmbedding", "bottoms": ["x"], "tops": ["y"]} | keys
    fed = {"x": np.random.default_rng(3).normal(size=(2, 5, 7))}
    ours, found = both(net_of({"x": [5, 7]}, layer), fed)
    assert_close(found["y"], ours["y"])
