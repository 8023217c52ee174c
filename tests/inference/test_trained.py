"""A trained net is found from what it left behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import graphnet as gn
from graphnet.declare.overrides import parse_override
from graphnet.inference.trained import holds_net, read_best, read_trained
from graphnet.solver.record.snapshot_file import SavedState, read, to_bytes

LAYERS = [
    {"name": "d", "type": "Input", "batch_size": 1, "shapes": {"x": [2]}, "tops": ["x"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"], "tops": ["y"]},
]


@pytest.fixture
def model(tmp_path):
    """A model's file."""
    net = gn.load_net({"name": "made", "layers": LAYERS}, seed=5)
    gn.save_model(net, tmp_path / "model.h5")
    return tmp_path / "model.h5"


def test_a_model_holds_its_net(model, tmp_path):
    """The layers, the params, what is known of its data."""
    found = read_trained(model, [parse_override("layers.ip.output_dim=4")])
    assert found.spec.name == "made"
    assert found.file == model
    assert found.spec.nodes[1].spec.output_dim == 4
    assert found.contents.params["ip/weight"].shape == (3, 2)
    assert found.record.layers == {}
    (tmp_path / "net.yaml").write_text("layers: []")
    assert [holds_net(p) for p in (model, tmp_path, tmp_path / "net.yaml", tmp_path / "no")] == [
        *(True, True, False, False)
    ]


def test_the_best_snapshot_of_a_run(model, tmp_path):
    """Else the newest good one; a damaged best is passed over."""
    folder = tmp_path / "run/snapshots"
    folder.mkdir(parents=True)
    with pytest.raises(gn.SnapshotError, match="holds no run"):
        read_best(tmp_path / "run")
    for iteration in (3, 9):
        contents = read(model)
        state = SavedState(
            iter=iteration, epoch=0, obj_val=0.5, losses={}, lr=0.1, momentum=None, lr_scale=1.0
        )
        meta = contents.meta.model_copy(update={"solver": state})
        written = to_bytes(replace(contents, meta=meta))
        (folder / f"snapshot-{iteration:06}.h5").write_bytes(written)
    assert read_best(tmp_path / "run")[0].name == "snapshot-000009.h5"
    (folder / "best.h5").write_bytes(model.read_bytes())
    assert read_best(tmp_path / "run")[0].name == "best.h5"
    (folder / "best.h5").write_bytes(model.read_bytes()[:-1])
    assert read_best(tmp_path / "run")[0].name == "snapshot-000009.h5"
    assert read_best(model)[0] == model


def test_what_is_known_of_data_that_are_here(tmp_path):
    """Of a file that an earlier graphnet wrote, the data files are asked."""
    import h5py

    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["x"] = np.zeros((2, 5))
    layer = {"name": "d", "type": "HDF5Data", "batch_size": 1, "tops": ["x"]}
    net = gn.load_net([layer | {"source": str(tmp_path / "rows.h5")}, LAYERS[1]])
    gn.save_model(net, tmp_path / "model.h5")
    found = read_trained(tmp_path / "model.h5")
    found.contents.data = type(found.contents.data)()
    assert found.record.layers["d"].shapes == {"x": (5,)}
