"""Going on with a run of Caffe's, and what is said where that cannot be done."""

import warnings

import numpy as np
import pytest
from support import caffe_files as made
from support.caffe_golden import GOLDEN, index, needs_golden

from graphnet.errors import SnapshotError, SpecError
from graphnet.interchange.caffe.importing import import_caffe
from graphnet.net.load_net import load_net
from graphnet.solver.load_solver import load_solver
from graphnet.solver.record.snapshot_file import read
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


NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: [2, 3] } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param { num_output: 2 transpose: true } }
layer { name: "same" type: "InnerProduct" bottom: "y" top: "z"
  inner_product_param { num_output: 2 } param { lr_mult: 0 } param { lr_mult: 0 } }
layer { name: "size" type: "Reduction" bottom: "z" top: "s" loss_weight: 1 }
"""
SOLVER = (
    'net: "n" base_lr: 0.1 lr_policy: "fixed" max_iter: 30 momentum: 0.5 snapshot: 10 type: "%s"'
)
SHAPES = [(3, 2), (2,), (2, 2), (2,)]


@pytest.fixture
def run(tmp_path):
    """Imports a run of that method and history; the velocities of its params, by name."""

    def go_on(method, history):
        draw = np.random.default_rng(1)
        blobs = [made.blob(draw.normal(size=shape)) for shape in SHAPES]
        layers = [made.layer("ip", "X", blobs=blobs[:2]), made.layer("same", "X", blobs=blobs[2:])]
        state = made.number(1, 7) + b"".join(made.data(3, made.blob(a)) for a in history)
        (tmp_path / "n.prototxt").write_text(NET)
        (tmp_path / "s.prototxt").write_text(SOLVER % method)
        (tmp_path / "m.caffemodel").write_bytes(made.model(*layers))
        (tmp_path / "m.solverstate").write_bytes(state)
        names = ("n.prototxt", "out", "m.caffemodel", "s.prototxt")
        found = import_caffe(*(tmp_path / n for n in names), state=tmp_path / "m.solverstate")
        return read(found.snapshot)

    return go_on


def test_the_snapshot(run):
    """Iteration and history, in graphnet's shapes and signs; what does not learn has none."""
    history = [np.full(shape, i + 1.0) for i, shape in enumerate(SHAPES)]
    history[0] = np.arange(6.0).reshape(3, 2)
    contents = run("SGD", history)
    assert contents.iter == 7
    assert contents.history.keys() == {"velocity/ip/weight", "velocity/ip/bias"}
    assert np.array_equal(contents.history["velocity/ip/weight"], -history[0].T)
    assert np.array_equal(contents.history["velocity/ip/bias"], [-2, -2])


def test_a_method_with_two_memories(run):
    """All params of the first, then all of the second."""
    history = [np.full(shape, i + 1.0) for i, shape in enumerate(SHAPES * 2)]
    contents = run("Adam", history)
    first, second = (
        np.asarray(contents.history[f"{n}_moment/ip/bias"]) for n in ("first", "second")
    )
    assert first.tolist() == [2, 2]
    assert second.tolist() == [6, 6]


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ([np.ones(3)], "has 1 arrays, expected 4 of 4 params"),
        ([np.ones(5), *map(np.ones, SHAPES[1:])], "has 5 for 'ip/weight', expected 2×3"),
    ],
)
def test_states_of_other_nets(run, history, said):
    """By the number of arrays, and by their sizes."""
    with pytest.raises(SnapshotError, match=said):
        run("SGD", history)


@needs_golden
@pytest.mark.parametrize("name", CASES)
def test_it_goes_on(name, tmp_path):
    """As Caffe did from there: four more updates, from the start of the data."""
    there = imported(name, tmp_path)
    assert there.snapshot == tmp_path / "run" / "snapshots" / "snapshot-000005.h5"
    assert there.snapshot.is_file()
    text = (tmp_path / "solver.yaml").read_text()
    (tmp_path / "solver.yaml").write_text(text.replace("max_iter: 15", "max_iter: 9"))
    solver, net = load_solver(tmp_path / "solver.yaml"), load_net(tmp_path / "net.yaml", "train")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert solve(solver, net).iter == 9
    with np.load(GOLDEN / CASES[name]["npz"]) as file:
        wanted = {k: file[k] for k in file.files if k.startswith("resumed_9/")}
    assert wanted
    for entry, _ in there.entries:
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
