"""What a net tells of its data; more of it is in test_net.py."""

from __future__ import annotations

import numpy as np

import graphnet as gn


def test_the_data_of_both_phases_are_recorded(tmp_path):
    """As far as they are here; arrays have shapes, and nothing else that is known."""
    data = {"batch_size": 2, "tops": ["x"]}
    there = {"source": str(tmp_path / "none.h5"), "shapes": {"x": [3]}}
    layers = [
        {"name": "a", "type": "MemoryData", "phase": "train", **data},
        {"name": "b", "type": "HDF5Data", "phase": "test", **data, **there},
    ]
    net = gn.load_net({"layers": layers}, inputs={"x": np.zeros((4, 3), "f4")})
    found = net.data_record()
    assert list(found.layers) == ["a"]
    assert found.layers["a"].shapes == {"x": (3,)}
    assert net.data_summary() == {"a": "MemoryData", "b": str(tmp_path / "none.h5")}


def test_a_named_set_is_recorded():
    """Its shapes and types."""
    layer = {"name": "d", "type": "HDF5Data", "source": "dataset:iris/train", "batch_size": 2}
    found = gn.load_net({"layers": [layer]}).data_record().layers["d"]
    assert (found.shapes["data"], found.phase) == ((4,), None)
