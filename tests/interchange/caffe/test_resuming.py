"""Going on with a run of Caffe's, and what is said where that cannot be done."""

import warnings

import numpy as np
import pytest
from support.caffe_golden import GOLDEN, index, needs_golden

from graphnet.errors import SnapshotError, SpecError
from graphnet.interchange.caffe.importing import import_caffe
from graphnet.net.load_net import load_net
from graphnet.solver.load_solver import load_solver
from graphnet.solver.solver import solve

CASES = index().get("snapshots", {})


def files(name):
    """The net, its solver, the weights and the state of a run that was stopped."""
    case = CASES[name]
    return {key: GOLDEN / case[key] for key in ("net", "solver", "caffemodel", "solverstate")}


def imported(name, folder, **changed):
    found = files(name) | changed
    return import_caffe(
        found["net"],
        folder,
        weights=found["caffemodel"],
        solver=found["solver"],
        state=found["solverstate"],
    )


@needs_golden
@pytest.mark.parametrize("name", CASES)
def test_it_goes_on(name, tmp_path):
    """As Caffe did from there: four more updates, from the start of the data."""
    made = imported(name, tmp_path)
    assert made.snapshot == tmp_path / "run" / "snapshots" / "snapshot-000005.h5"
    assert made.snapshot.is_file()
    text = (tmp_path / "solver.yaml").read_text()
    (tmp_path / "solver.yaml").write_text(text.replace("max_iter: 15", "max_iter: 9"))
    solver, net = load_solver(tmp_path / "solver.yaml"), load_net(tmp_path / "net.yaml", "train")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert solve(solver, net).iter == 9
    with np.load(GOLDEN / CASES[name]["npz"]) as file:
        wanted = {k: file[k] for k in file.files if k.startswith("resumed_9/")}
    assert wanted
    for entry, _ in made.entries:
        for filled in entry.made.filled:
            if filled.is_state or len(filled.blobs) != 1:
                continue
            array = wanted[f"resumed_9/{entry.message['name']}/{filled.blobs[0]}"]
            found = np.asarray(net.params[filled.layer][filled.param].data)
            assert np.abs(found - array.reshape(found.shape)).max() <= 1e-5 * np.abs(array).max()


@needs_golden
def test_of_another_net_or_method(tmp_path):
    """The number of arrays tells; so do their sizes."""
    other = files("adam")["solverstate"]
    with pytest.raises(SnapshotError, match=r"expected \d+ of \d+ params\n  it is of another"):
        imported("sgd", tmp_path / "a", solverstate=other)
    assert not (tmp_path / "a").exists()


@needs_golden
def test_what_must_be_given(tmp_path):
    """A solver and weights; nothing is written without them."""
    found = files("sgd")
    with pytest.raises(SpecError, match="give --weights, too"):
        import_caffe(
            found["net"], tmp_path / "b", solver=found["solver"], state=found["solverstate"]
        )
    with pytest.raises(SpecError, match="give --solver, too"):
        import_caffe(
            found["net"], tmp_path / "b", weights=found["caffemodel"], state=found["solverstate"]
        )
    assert not (tmp_path / "b").exists()
