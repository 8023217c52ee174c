"""Images, for ONNX: which operators they become, and what comes back."""

import numpy as np
import pytest
from support.onnx_files import (
    assert_close,
    both,
    filled,
    needs_onnx,
    needs_runtime,
    net_of,
    operators,
)

from graphnet.interchange.onnx.deploying import deployed
from graphnet.interchange.onnx.exporting import onnx_graph, values_of
from graphnet.interchange.onnx.importing import load_onnx

CASES = [
    ({"type": "Upsample", "scale": [2, 3]}, ["Resize"]),
    ({"type": "Upsample", "size": [12, 18]}, ["Resize"]),
    ({"type": "Upsample", "size": [5, 14]}, ["Gather", "Gather"]),
    ({"type": "Interp", "scale": 1.5}, ["Resize"]),
    ({"type": "PixelShuffle", "scale": 2}, ["DepthToSpace"]),
    ({"type": "PixelShuffle", "scale": 2, "order": "place"}, ["DepthToSpace"]),
    ({"type": "PixelShuffle", "scale": [1, 2]}, ["Reshape", "Transpose", "Reshape"]),
    ({"type": "PixelUnshuffle", "scale": 2}, ["Reshape", "Transpose", "Reshape"]),
    ({"type": "PixelUnshuffle", "scale": 2, "order": "place"}, ["SpaceToDepth"]),
    ({"type": "AdaptivePooling", "size": 3}, ["MaxPool"]),
    ({"type": "AdaptivePooling", "size": 2, "pooling": "Mean"}, ["AveragePool"]),
    ({"type": "AdaptivePooling", "size": [4, 3]}, ["Gather", "MaxPool"]),
    ({"type": "AdaptivePooling", "size": 5, "pooling": "Mean"}, ["MatMul", "MatMul"]),
]


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(("keys", "wanted"), CASES, ids=str)
def test_there_and_back(tmp_path, keys, wanted):
    """As few operators as there are; run in onnxruntime, and imported again."""
    spec = net_of({"x": [4, 6, 6]}, {"name": "l", "bottoms": ["x"], "tops": ["y"]} | keys)
    assert [op for _, op in operators(spec)] == wanted
    fed = {"x": np.random.default_rng(5).normal(size=(2, 4, 6, 6)).astype(np.float32)}
    ours, found = both(spec, fed)
    assert_close(found["y"], ours["y"])
    net = deployed(spec, "test")
    running = filled(net)
    (tmp_path / "m.onnx").write_bytes(onnx_graph(net, "test", values_of(running)).model_bytes("m"))
    assert_close(load_onnx(tmp_path / "m.onnx").predict(fed)["y"], ours["y"])
