"""Models, solver states and means: found by layer and index, read when they are asked for."""

import h5py
import numpy as np
import pytest
from support import caffe_files as made
from support.caffe_golden import GOLDEN, arrays, cases, index, needs_golden

from graphnet.errors import SnapshotError
from graphnet.interchange.caffe.files.blobs import read_blob_file, read_solver_state, read_weights

VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize("how", ["packed", "unpacked", "double", "runs", "legacy"])
def test_caffemodel(tmp_path, how):
    """Values and shapes; an old file's shape has ones in front."""
    path = tmp_path / "m.caffemodel"
    path.write_bytes(made.model(made.layer("a", "InnerProduct", blobs=[made.blob(VALUES, how)])))
    (blob,) = read_weights(path).blobs["a"]
    assert blob.fits((2, 3))
    assert not blob.fits((3, 2))
    assert np.array_equal(blob.read().reshape(2, 3), VALUES)


def test_hdf5(tmp_path):
    """The group data, a layer with a slash in its name too; nothing else."""
    path = tmp_path / "m.caffemodel.h5"
    with h5py.File(path, "w") as file:
        file["data/a/b/0"] = VALUES
        file["data/a/b/1"] = VALUES[0]
        file["diff/a/b/0"] = VALUES
    found = read_weights(path)
    assert found.net is None
    assert [blob.shape for blob in found.blobs["a/b"]] == [(2, 3), (3,)]
    assert np.array_equal(found.blobs["a/b"][0].read(), VALUES)
    with h5py.File(path, "w") as file:
        file["x"] = VALUES
    with pytest.raises(SnapshotError, match="it has no group 'data'"):
        read_weights(path)


def test_shape_and_numbers_disagree(tmp_path):
    """A blob that is not whole names itself."""
    path = tmp_path / "m.caffemodel"
    shape = made.data(7, made.data(1, made.varint(4)))
    path.write_bytes(made.model(made.layer("a", "X", blobs=[shape + made.real(5, 1.0)])))
    with pytest.raises(SnapshotError, match="blob 0 of layer 'a' has the shape 4 and 1 numbers"):
        read_weights(path)


def test_mean(tmp_path):
    """One array."""
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(made.blob(VALUES.reshape(1, 1, 2, 3), "legacy"))
    assert np.array_equal(read_blob_file(path)[0, 0], VALUES)


def test_solver_state(tmp_path):
    """Iteration, history and the step of the policy, in both forms."""
    path = tmp_path / "s.solverstate"
    path.write_bytes(
        made.number(1, 5) + made.data(2, "m") + made.data(3, made.blob(VALUES)) + made.number(4, 2)
    )
    plain = read_solver_state(path)
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["iter"], file["current_step"], file["learned_net"] = 5, 2, "m"
        file["history/0"] = VALUES
    for state in (plain, read_solver_state(tmp_path / "s.h5")):
        assert (state.iter, state.learned_net, state.current_step) == (5, "m", 2)
        assert np.array_equal(state.history[0].read(), VALUES)


@needs_golden
@pytest.mark.parametrize("name", index().get("odd_caffemodels", {}).get("cases", ()))
def test_odd_encodings(name):
    """Every encoding that Caffe reads, with the same values."""
    odd = index()["odd_caffemodels"]
    found = read_weights(GOLDEN / odd["cases"][name]["caffemodel"]).blobs
    with np.load(GOLDEN / odd["npz"]) as wanted:
        for key in wanted.files:
            if key.startswith("param/"):
                layer, _, i = key.removeprefix("param/").rpartition("/")
                assert np.array_equal(found[layer][int(i)].read().ravel(), wanted[key].ravel())


@needs_golden
@pytest.mark.parametrize("name", cases("nets"))
def test_both_forms_of_a_model(name):
    """Binary and HDF5 hold the same, except for params that belong to another layer."""
    case, wanted = index()["nets"][name], arrays("nets", name)
    for form in filter(None, (case["caffemodel"], case.get("hdf5"))):
        found = read_weights(GOLDEN / form).blobs
        for key, value in wanted.items():
            layer, _, i = key.removeprefix("param/").rpartition("/")
            if key.startswith("param/") and layer in found:
                assert np.array_equal(found[layer][int(i)].read(), value)


@needs_golden
@pytest.mark.parametrize("name", index().get("snapshots", ()))
def test_real_solver_states(name):
    """Of all forms and methods."""
    state = read_solver_state(GOLDEN / index()["snapshots"][name]["solverstate"])
    assert state.iter == 5
    assert all(blob.read().shape == blob.shape for blob in state.history)
