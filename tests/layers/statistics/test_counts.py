"""CountingLayer: sums over batches and shards that end in a quotient."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from graphnet.net.load_net import load_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut

NET = """
name: n
layers:
  - {name: d, type: HDF5Data, source: rows.h5, batch_size: 6, tops: [x, y]}
  - {name: ip, type: InnerProduct, axis: 2, output_dim: 3, bottoms: [x], tops: [s]}
  - {name: loss, type: SoftmaxLoss, axis: 2, bottoms: [s, y]}
  - {name: iou, type: MeanIoU, axis: 2, bottoms: [s, y]}
"""


@pytest.fixture
def path(tmp_path):
    """The net beside its rows."""
    rng = np.random.default_rng(3)
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["x"] = rng.standard_normal((12, 5, 4))
        file["y"] = rng.integers(0, 3, (12, 5))
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    return path


def test_counts_are_kept_forgotten_and_restored(path):
    """As any statistic's sums are."""
    net = load_net(path, dtype="float64")
    net.forward()
    one = net.statistics()["iou"]
    state = net.state_dict()
    net.forward()
    both = net.statistics()["iou"]
    net.reset_statistics()
    assert np.isnan(net.statistics()["iou"])
    net.load_state_dict(state)
    assert net.statistics()["iou"] == one != both
    net.close()


@pytest.mark.parametrize("shards", [2, 3])
def test_shards_count_what_the_whole_counts(path, shards):
    """Areas of all shards are added before they are divided."""
    whole = load_net(path, dtype="float64")
    parts = cut(load_net(path, dtype="float64"), shards, LocalCommunicator())
    for _ in range(2):
        whole.forward_backward()
        parts.forward_backward()
        assert parts.statistics()["iou"] == whole.statistics()["iou"]
    whole.close()
    parts.close()
