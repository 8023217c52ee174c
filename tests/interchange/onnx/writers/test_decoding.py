"""CTCDecoder in ONNX: what onnxruntime reads is what graphnet reads, for any length and blank."""

from __future__ import annotations

import numpy as np
import pytest
from support.onnx_files import both, needs_onnx, needs_runtime, net_of

LENGTHS = np.array([9, 4, 0, 1, 6])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("masked", [False, True])
def test_labels_are_the_same(blank, masked):
    """Repeated labels, blanks between them, and steps that do not count."""
    rng = np.random.default_rng(blank)
    path = rng.integers(0, 3, (5, 9))
    path[0] = [1, 1, 0, 1, 2, 2, 0, 2, 1]
    fed = {"scores": np.eye(3)[path] + rng.uniform(0, 0.5, (5, 9, 3))}
    shapes = {"scores": [9, 3]}
    if masked:
        fed["mask"] = (np.arange(9) < LENGTHS[:, None]).astype(float)
        shapes["mask"] = [9]
    layer = {"name": "read", "type": "CTCDecoder", "blank": blank, "pad_label": -7}
    net = net_of(shapes, {**layer, "bottoms": [*fed], "tops": ["read"]})
    ours, found = both(net, fed)
    assert ours["read"].min() == -7
    assert (ours["read"] >= 0).any(axis=1).sum() >= 3
    np.testing.assert_array_equal(found["read"], ours["read"])
