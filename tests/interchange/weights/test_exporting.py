"""The weights of a net, written as another format's file."""

import numpy as np
import pytest
from support.weight_files import NET, SHAPES

from graphnet.errors import SnapshotError, SpecError
from graphnet.interchange.npz.writing import write_npz
from graphnet.interchange.weights.exporting import export_weights, plain_names, save_net
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.solver.record.weights import save_model

SPEC = read_net(NET)


@pytest.fixture
def model(tmp_path):
    """A model of the net."""
    net = load_net(SPEC, "train", seed=3)
    save_model(net, tmp_path / "model.h5")
    return net


def export(tmp_path, to="m.npz", weights="model.h5", **how):
    keys = {"force": False, **how}
    place = tmp_path / to
    return export_weights(write_npz, plain_names, SPEC, place, tmp_path / weights, **keys)


def test_params_and_statistics(model, tmp_path):
    """By layer and param; a loaded net gives the same file."""
    written = export(tmp_path)
    assert [(each.path, name) for each, name in written] == [
        (path, path.replace("/", ".")) for path in SHAPES
    ]
    with np.load(tmp_path / "m.npz") as found:
        assert np.array_equal(found["ip.weight"], model.params["ip"]["weight"].data)
        assert np.array_equal(found["bn.variance"], np.ones(2))
    save_net(write_npz, plain_names, model, tmp_path / "saved.npz")
    assert (tmp_path / "saved.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


def test_weights_of_another_net(tmp_path):
    """All that is missing or of another shape; nothing is written."""
    layers = [dict(layer) for layer in NET["layers"][:2]] + [dict(NET["layers"][3])]
    layers[1]["n_filter"], layers[2]["bottoms"] = 4, ["c"]
    save_model(load_net(layers), tmp_path / "model.h5")
    with pytest.raises(SnapshotError, match="the weights are not of this net") as found:
        export(tmp_path)
    assert "'conv/filter' is 4×1×3×3 there, expected 2×1×3×3" in str(found.value)
    assert "'bn/mean' is not there, expected 2" in str(found.value)
    assert not (tmp_path / "m.npz").exists()


@pytest.mark.usefixtures("model")
def test_nothing_is_lost(tmp_path):
    """Neither the weights nor what is there."""
    with pytest.raises(SpecError, match="this is the weights"):
        export(tmp_path, "model.h5", force=True)
    (tmp_path / "m.npz").write_text("mine")
    with pytest.raises(SpecError, match="there already"):
        export(tmp_path)
    assert (tmp_path / "m.npz").read_text() == "mine"
    export(tmp_path, force=True)
    assert (tmp_path / "m.npz").read_bytes()[:2] == b"PK"
