"""Models that are written array by array."""

import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.interchange.model_file import write_model
from graphnet.net.load_net import load_net
from graphnet.solver.record.snapshot_file import read
from graphnet.solver.record.weights import load_weights, save_model

NET = [
    {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": [3]}, "tops": ["x"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 4, "bottoms": ["x"], "tops": ["y"]},
]


def test_the_same_file_as_save_model(tmp_path):
    """Byte for byte except for what the net is called."""
    net = load_net(NET)
    save_model(net, tmp_path / "a.h5")
    arrays = [(f"params/ip/{name}", p.data) for name, p in net.params["ip"].items()]
    write_model(tmp_path / "b.h5", arrays, net.yaml_text)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    assert load_weights(net, tmp_path / "b.h5", strict=True).is_complete


def test_strided_and_double_arrays(tmp_path):
    """Become plain ones of float32; a single number stays an array."""
    values = np.arange(6.0).reshape(2, 3).T
    write_model(tmp_path / "m.h5", [("params/a/w", values), ("state/a/s", np.ones(()))], "x")
    found = read(tmp_path / "m.h5")
    assert found.params["a/w"].dtype == np.float32
    assert np.array_equal(found.params["a/w"], values)
    assert found.state["a/s"].shape == (1,)


def test_not_finite(tmp_path):
    """Nothing is left of the file."""
    with pytest.raises(SnapshotError, match="'params/a/w' has a value that is not finite"):
        write_model(tmp_path / "m.h5", [("params/a/w", np.array([1, np.nan]))], "x")
    assert not list(tmp_path.iterdir())
